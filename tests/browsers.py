"""A real browser for the pages, and what is asked of each page in it."""
import shutil

import pytest


def chromium(profile, *flags):
    """Debian's Chromium; who calls ends it with quit()."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        pytest.skip("chromium and chromium-driver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium")
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={profile}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


@pytest.fixture
def browser(tmp_path):
    """One of a profile of its own."""
    driver = chromium(f"{tmp_path}/profile")
    yield driver
    driver.quit()


WIDTH_OF_PAGE = "return document.scrollingElement.scrollWidth - window.innerWidth"
# What has no name for who cannot see it: pictures, fields, boxes that scroll, tables.
NAMELESS = """return [...document.querySelectorAll('svg[role=img],select,input,[role=region],table')]
    .filter(e => !(e.ariaLabel || e.labels?.length || e.caption
        || (e.getAttribute('aria-labelledby') || '').split(' ').every(
            id => id && document.getElementById(id)?.textContent.trim())))
    .map(e => e.outerHTML.slice(0, 80))"""
# Texts whose contrast to what is behind them is below 4.5 (WCAG 2.1 AA).
PALE = """
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => (v /= 255) <= .03928
    ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
return [...document.querySelectorAll('main *, header *, footer *')].filter(e => !e.closest('svg')
    && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).filter(e => {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5; })
    .map(e => e.tagName + ' ' + e.textContent.slice(0, 40))"""
