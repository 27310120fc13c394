//! The program: reads the command line and wires the floors together.

fn main() {}
