//! What the user reads, in each language. Prices, days and times are written by the SDK.

use flowhost_sdk::language::{self, ENGLISH, Language, PORTUGUESE};

/// All texts of a language. A text that one of them lacks does not compile.
pub struct Words {
    pub language: &'static Language,
    pub next_step: &'static str,

    pub service_heading: &'static str,
    pub services: &'static str,
    pub more: &'static str,
    pub fewer: &'static str,
    pub choose_service: &'static str,
    pub closed_heading: &'static str,
    pub try_again: &'static str,
    pub closed: &'static str,

    pub photos_heading: &'static str,
    pub photos: &'static str,
    pub photos_hint: &'static str,
    pub one_photo: &'static str,
    pub several_photos: &'static str,
    pub how_many_photos: &'static str,
    pub photo_unreadable: &'static str,
    pub photo_too_large: &'static str,

    pub price_heading: &'static str,
    pub speed: &'static str,
    pub normal: &'static str,
    pub express: &'static str,
    pub parts: &'static str,
    pub standard: &'static str,
    pub premium: &'static str,
    pub vat: &'static str,
    pub total: &'static str,

    pub pickup_heading: &'static str,
    pub name: &'static str,
    pub street: &'static str,
    pub postcode: &'static str,
    pub slot: &'static str,
    // At most 30 characters: a phone has room for no more at a field.
    pub bad_name: &'static str,
    pub bad_street: &'static str,
    pub bad_postcode: &'static str,
    pub far_postcode: &'static str,
    pub bad_slot: &'static str,

    pub summary_heading: &'static str,
    pub notes: &'static str,
    pub order: &'static str,
    pub incomplete: &'static str,
    pub own_message: &'static str,
}

pub static ALL: [Words; 2] = [
    Words {
        language: &ENGLISH,
        next_step: "Continue",
        service_heading: "What shall we repair?",
        services: "Repairs",
        more: "More repairs",
        fewer: "Previous repairs",
        choose_service: "Please choose a repair.",
        closed_heading: "We will be right back",
        try_again: "Try again",
        closed: "Our list of repairs can't be shown right now. Please try again in a minute.",
        photos_heading: "Show us the damage",
        photos: "Photos",
        photos_hint: "One to three photos, from near and in good light.",
        one_photo: "photo",
        several_photos: "photos",
        how_many_photos: "Please send one to three photos.",
        photo_unreadable: "We can't read this photo. Please take another one:",
        photo_too_large: "This photo is too large. Please send a smaller one:",
        price_heading: "Your price",
        speed: "How soon?",
        normal: "Within a week",
        express: "Within two days",
        parts: "Which parts?",
        standard: "Standard parts",
        premium: "Premium parts",
        vat: "VAT",
        total: "Total",
        pickup_heading: "Where do we pick it up?",
        name: "Name",
        street: "Street and number",
        postcode: "Postcode",
        slot: "When",
        bad_name: "Please enter your name.",
        bad_street: "Please give the number, too.",
        bad_postcode: "Like 1100-048, please.",
        far_postcode: "We pick up in Lisbon only.",
        bad_slot: "Please choose another time.",
        summary_heading: "Is this right?",
        notes: "Anything else?",
        order: "Order the repair",
        incomplete: "Something is missing. Please go back and fill it in.",
        own_message: "Please ask us for a message of your own.",
    },
    Words {
        language: &PORTUGUESE,
        next_step: "Continuar",
        service_heading: "O que vamos consertar?",
        services: "Consertos",
        more: "Mais consertos",
        fewer: "Consertos anteriores",
        choose_service: "Escolha um conserto.",
        closed_heading: "Voltamos já",
        try_again: "Tentar de novo",
        closed: "Não conseguimos mostrar a lista de consertos agora. Tente de novo em um minuto.",
        photos_heading: "Mostre o estrago",
        photos: "Fotos",
        photos_hint: "De uma a três fotos, de perto e com boa luz.",
        one_photo: "foto",
        several_photos: "fotos",
        how_many_photos: "Envie de uma a três fotos.",
        photo_unreadable: "Não conseguimos ler esta foto. Tire outra:",
        photo_too_large: "Esta foto é grande demais. Envie uma menor:",
        price_heading: "Seu preço",
        speed: "Para quando?",
        normal: "Em uma semana",
        express: "Em dois dias",
        parts: "Quais peças?",
        standard: "Peças padrão",
        premium: "Peças premium",
        vat: "IVA",
        total: "Total",
        pickup_heading: "Onde buscamos?",
        name: "Nome",
        street: "Rua e número",
        postcode: "Código postal",
        slot: "Quando",
        bad_name: "Informe seu nome.",
        bad_street: "Informe também o número.",
        bad_postcode: "Por exemplo 1100-048.",
        far_postcode: "Só buscamos em Lisboa.",
        bad_slot: "Escolha outro horário.",
        summary_heading: "Está certo?",
        notes: "Algo mais?",
        order: "Pedir o conserto",
        incomplete: "Falta alguma coisa. Volte e preencha.",
        own_message: "Peça uma mensagem só para você.",
    },
];

impl Words {
    /// Those of the first code that is known; English if none is.
    pub fn choose<'a>(codes: impl IntoIterator<Item = &'a str>) -> &'static Words {
        let known = ALL.each_ref().map(|words| words.language);
        let language = codes.into_iter().find_map(|code| language::choose(code, &known));
        ALL.iter().find(|words| Some(words.language) == language).unwrap_or(&ALL[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_counts() {
        assert_eq!(Words::choose(["pt_BR", "en"]).total, "Total");
        assert_eq!(Words::choose(["de", "pt-BR"]).language.code, "pt-BR");
        assert_eq!(Words::choose(["de"]).language.code, ENGLISH.code);
        assert_eq!(Words::choose([]).language.code, ENGLISH.code);
    }

    #[test]
    fn what_stands_at_a_field_fits_there() {
        for words in &ALL {
            let Words { bad_name, bad_street, bad_postcode, far_postcode, bad_slot, .. } = words;
            for text in [bad_name, bad_street, bad_postcode, far_postcode, bad_slot] {
                assert!(text.chars().count() <= 30, "{text}");
            }
        }
    }
}
