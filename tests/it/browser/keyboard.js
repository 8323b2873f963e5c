// Prepares a page to be gone through with the Tab key, from its beginning. Returns how often to press it; then `walk.missed()` says
// what was not reached, not in its turn, or without a mark that shows where one is.
const CONTROLS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex="-1"])';
const name = (element) => element.outerHTML.slice(0, 120);
// The Tab key leads to one radio button of a group.
const isFirstOfGroup = (element) => {
    if (element.type !== 'radio') return true;
    const group = [...document.querySelectorAll('input[type=radio]')]
        .filter((other) => other.name === element.name && other.form === element.form);
    return element === (group.find((other) => other.checked) ?? group[0]);
};
const isReachable = (element) =>
    !element.matches(':disabled') && !element.closest('[inert]') && isFirstOfGroup(element)
    && element.checkVisibility({ visibilityProperty: true });
const controls = [...document.querySelectorAll(CONTROLS)].filter(isReachable);

const reached = [];
const unmarked = [];
// A control may be marked by the outline or shadow of the label or box around it.
const isMarked = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
};
const isOnScreen = (element) => {
    const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
};
document.addEventListener('focusin', ({ target }) => {
    if (!controls.includes(target) || reached.includes(target)) return;
    reached.push(target);
    if (!isMarked(target) && !isMarked(target.parentElement)) unmarked.push(target);
    else if (!isOnScreen(target)) unmarked.push(target);
});

window.walk = {
    missed: () => {
        const wrong = controls.findIndex((control, at) => control !== reached[at]);
        const turn = wrong < 0 ? [] : [`the Tab key does not reach ${name(controls[wrong])}`];
        return [...turn, ...unmarked.map((element) => `nothing shows the focus of ${name(element)}`)];
    },
};
document.body.tabIndex = -1;
document.body.focus();
document.body.removeAttribute('tabindex');
// A date has several places inside, and boxes that scroll are reached too.
return controls.length + 4 * document.querySelectorAll('input[type=date], input[type=time], .scroll').length + 4;
