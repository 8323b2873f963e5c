//! The known languages, written as in the Unicode CLDR 48.

use super::{Grouping, Language, SymbolPlace};

/// English of the United States, `en-US`.
pub const ENGLISH: Language = Language {
    code: "en-US",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    short_months: [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    short_weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    halves: ["AM", "PM"],
    long_date: "{weekday}, {month} {day}, {year}",
    date: "{short_month} {day}, {year}",
    short_date: "{m}/{day}/{year}",
    day: "{short_weekday}, {short_month} {day}",
    time: "{hour12}:{minute} {half}",
    decimal: '.',
    group: ',',
    grouping: Grouping::Thousands,
    place: SymbolPlace::Before,
    symbols: &[
        ("BRL", "R$"),
        ("EUR", "€"),
        ("GBP", "£"),
        ("INR", "₹"),
        ("JPY", "¥"),
        ("MXN", "MX$"),
        ("USD", "$"),
    ],
};

/// English of India, with lakhs and crores, `en-IN`.
pub const ENGLISH_INDIA: Language = Language {
    code: "en-IN",
    short_months: BRITISH_SHORT_MONTHS,
    halves: ["am", "pm"],
    long_date: "{weekday}, {day} {month} {year}",
    date: "{day} {short_month} {year}",
    short_date: "{day}/{m}/{year}",
    day: "{short_weekday}, {day} {short_month}",
    grouping: Grouping::Lakhs,
    ..ENGLISH
};

/// English of the United Kingdom, `en-GB`.
pub const ENGLISH_UK: Language = Language {
    code: "en-GB",
    short_months: BRITISH_SHORT_MONTHS,
    halves: ["am", "pm"],
    long_date: "{weekday}, {day} {month} {year}",
    date: "{day} {short_month} {year}",
    short_date: "{dd}/{mm}/{year}",
    day: "{short_weekday} {day} {short_month}",
    time: "{hh}:{minute}",
    symbols: &[
        ("BRL", "R$"),
        ("EUR", "€"),
        ("GBP", "£"),
        ("INR", "₹"),
        ("JPY", "JP¥"),
        ("MXN", "MX$"),
        ("USD", "US$"),
    ],
    ..ENGLISH
};

/// Hindi, with lakhs and crores, `hi-IN`.
pub const HINDI: Language = Language {
    code: "hi-IN",
    months: [
        "जनवरी",
        "फ़रवरी",
        "मार्च",
        "अप्रैल",
        "मई",
        "जून",
        "जुलाई",
        "अगस्त",
        "सितंबर",
        "अक्टूबर",
        "नवंबर",
        "दिसंबर",
    ],
    short_months: [
        "जन॰",
        "फ़र॰",
        "मार्च",
        "अप्रैल",
        "मई",
        "जून",
        "जुल॰",
        "अग॰",
        "सित॰",
        "अक्टू॰",
        "नव॰",
        "दिस॰",
    ],
    weekdays: ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"],
    short_weekdays: ["सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि"],
    halves: ["am", "pm"],
    long_date: "{weekday}, {day} {month} {year}",
    date: "{day} {short_month} {year}",
    short_date: "{day}/{m}/{year}",
    day: "{short_weekday}, {day} {short_month}",
    time: "{hour12}:{minute} {half}",
    decimal: '.',
    group: ',',
    grouping: Grouping::Lakhs,
    place: SymbolPlace::Before,
    symbols: &[
        ("BRL", "R$"),
        ("EUR", "€"),
        ("GBP", "£"),
        ("INR", "₹"),
        ("JPY", "JP¥"),
        ("MXN", "MX$"),
        ("USD", "$"),
    ],
};

/// Indonesian, `id-ID`.
pub const INDONESIAN: Language = Language {
    code: "id-ID",
    months: [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    short_months: [
        "Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des",
    ],
    weekdays: ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    short_weekdays: ["Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"],
    halves: ["AM", "PM"],
    long_date: "{weekday}, {dd} {month} {year}",
    date: "{day} {short_month} {year}",
    short_date: "{day}/{m}/{year}",
    day: "{short_weekday}, {day} {short_month}",
    time: "{hh}.{minute}",
    decimal: ',',
    group: '.',
    grouping: Grouping::Thousands,
    place: SymbolPlace::Before,
    symbols: &[
        ("BRL", "R$"),
        ("EUR", "€"),
        ("GBP", "£"),
        ("IDR", "Rp"),
        ("INR", "Rs"),
        ("JPY", "JP¥"),
        ("MXN", "MX$"),
        ("USD", "US$"),
    ],
};

/// Portuguese of Brazil, `pt-BR`.
pub const PORTUGUESE: Language = Language {
    code: "pt-BR",
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    short_months: [
        "jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.",
        "dez.",
    ],
    weekdays: [
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ],
    short_weekdays: ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."],
    halves: ["AM", "PM"],
    long_date: "{weekday}, {day} de {month} de {year}",
    date: "{day} de {short_month} de {year}",
    short_date: "{dd}/{mm}/{year}",
    day: "{short_weekday}, {day} de {short_month}",
    time: "{hh}:{minute}",
    decimal: ',',
    group: '.',
    grouping: Grouping::Thousands,
    place: SymbolPlace::BeforeWithSpace,
    symbols: &[
        ("BRL", "R$"),
        ("EUR", "€"),
        ("GBP", "£"),
        ("INR", "₹"),
        ("JPY", "JP¥"),
        ("MXN", "MX$"),
        ("USD", "US$"),
    ],
};

/// Spanish of Spain, `es`. Prices of Latin America are written otherwise: see [`SPANISH_MEXICO`].
pub const SPANISH: Language = Language {
    code: "es",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    short_months: [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic",
    ],
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    short_weekdays: ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    halves: ["a. m.", "p. m."],
    long_date: "{weekday}, {day} de {month} de {year}",
    date: "{day} {short_month} {year}",
    short_date: "{day}/{m}/{year}",
    day: "{short_weekday}, {day} {short_month}",
    time: "{hour}:{minute}",
    decimal: ',',
    group: '.',
    grouping: Grouping::ThousandsFromFive,
    place: SymbolPlace::After,
    symbols: &[("EUR", "€"), ("USD", "US$")],
};

/// Spanish of Mexico. With `decimal: ','` and `group: '.'` it writes numbers as Argentina, Chile
/// and Colombia do. Its code is `es-MX`.
pub const SPANISH_MEXICO: Language = Language {
    code: "es-MX",
    short_months: [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic",
    ],
    halves: ["a.m.", "p.m."],
    day: "{short_weekday} {day} de {short_month}",
    time: "{hour12}:{minute} {half}",
    decimal: '.',
    group: ',',
    grouping: Grouping::Thousands,
    place: SymbolPlace::Before,
    symbols: &[("MXN", "$")],
    ..SPANISH
};

const BRITISH_SHORT_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
