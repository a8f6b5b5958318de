//! Portraits without pictures: two colours and two letters that belong to a name.

use crate::oauth::escaped;

/// An avatar for a handle, always the same for the same name on the same network.
pub(super) fn svg(platform: &str, handle: &str) -> String {
    // FNV-1a: spreads short names well and needs no crate.
    let seed = platform
        .bytes()
        .chain(handle.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hue = seed % 360;
    let turn = (seed >> 16) % 360;
    let shift = 30 + (seed >> 32) % 60;
    let letters: String = handle.chars().filter(|c| c.is_alphanumeric()).take(1).flat_map(char::to_uppercase).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\">\
         <defs><linearGradient id=\"g\" gradientTransform=\"rotate({turn} .5 .5)\">\
         <stop stop-color=\"hsl({hue} 72% 58%)\"/>\
         <stop offset=\"1\" stop-color=\"hsl({second} 76% 42%)\"/></linearGradient></defs>\
         <rect width=\"96\" height=\"96\" fill=\"url(#g)\"/>\
         <circle cx=\"{x}\" cy=\"{y}\" r=\"34\" fill=\"#fff\" opacity=\".13\"/>\
         <text x=\"48\" y=\"63\" text-anchor=\"middle\" font-family=\"system-ui,sans-serif\" font-weight=\"650\" \
         font-size=\"42\" fill=\"#fff\">{letters}</text></svg>",
        second = (hue + shift) % 360,
        x = 14 + (seed >> 8) % 68,
        y = 10 + (seed >> 24) % 40,
        letters = escaped(&letters),
    )
}
