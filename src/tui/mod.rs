//! THE SCREEN.
mod canvas;
mod encode;
mod filter;
mod glyphs;
mod input;
mod terminal;
#[cfg(test)]
mod testing;
mod theme;
mod worker;
