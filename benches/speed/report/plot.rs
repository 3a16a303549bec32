//! The results as a picture: for each operation how many times the speed of light it costs, on a logarithmic scale.

use super::{Summary, UNIT};

const LEFT: f64 = 230.0;
const WIDTH: f64 = 620.0;
const BAR: f64 = 15.0;
const COLOURS: [&str; 8] = ["#7d8597", "#1f6feb", "#2da44e", "#8250df", "#bf8700", "#cf222e", "#0e8a9e", "#a04100"];
const LEAST: f64 = 0.1;

/// An SVG of its own, on any background.
pub fn draw(summaries: &[Summary]) -> String {
    let most = summaries.iter().map(|summary| summary.ratio).fold(10.0, f64::max);
    let most = 10f64.powf(most.log10().ceil());
    let place = |ratio: f64| LEFT + WIDTH * (ratio.max(LEAST) / LEAST).log10() / (most / LEAST).log10();
    let (mut servers, mut operations): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for summary in summaries {
        keep(&mut servers, &summary.server);
        keep(&mut operations, &summary.operation);
    }
    let mut body = Vec::new();
    let mut y = 30.0 + 18.0 * row(servers.len());
    let top = y;
    for operation in operations {
        body.push(text(LEFT - 8.0, y + 12.0, "end", operation));
        for summary in summaries.iter().filter(|summary| summary.operation == operation) {
            let (end, colour) = (place(summary.ratio), colour(&servers, &summary.server));
            let width = (end - LEFT).max(1.0);
            let height = BAR - 2.0;
            body.push(format!("<rect x='{LEFT}' y='{y}' width='{width:.1}' height='{height}' fill='{colour}'/>\n"));
            body.push(text(end + 5.0, y + 11.0, "start", &format!("{:.2}", summary.ratio)));
            y += BAR;
        }
        y += 6.0;
    }
    let mut grid = Vec::new();
    let mut at = LEAST;
    while at <= most * 1.01 {
        let x = place(at);
        grid.push(format!("<path d='M{x:.1} {top}V{y}' stroke='#88888855'/>\n"));
        grid.push(text(x, y + 14.0, "middle", &format!("{at}")));
        at *= 10.0;
    }
    for (at, server) in servers.iter().enumerate() {
        let line = 12.0 + 18.0 * row(at);
        let colour = colour(&servers, server);
        grid.push(format!("<rect x='{LEFT}' y='{line}' width='12' height='12' fill='{colour}'/>\n"));
        grid.push(text(LEFT + 18.0, line + 10.0, "start", server));
    }
    let (width, height) = (LEFT + WIDTH + 70.0, y + 40.0);
    let title = text(LEFT, y + 32.0, "start", &format!("processor time per request, as a multiple of: {UNIT}"));
    let (grid, body) = (grid.concat(), body.concat());
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' font-family='sans-serif' font-size='11'>\n\
         <rect width='100%' height='100%' fill='#ffffff'/>\n{grid}{body}{title}</svg>\n"
    )
}

fn keep<'a>(known: &mut Vec<&'a str>, name: &'a str) {
    if !known.contains(&name) {
        known.push(name);
    }
}

fn colour(servers: &[&str], server: &str) -> &'static str {
    let at = servers.iter().position(|known| *known == server).unwrap_or_default();
    COLOURS[at % COLOURS.len()]
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn row(at: usize) -> f64 {
    at as f64
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' fill='#24292f'>{words}</text>\n")
}
