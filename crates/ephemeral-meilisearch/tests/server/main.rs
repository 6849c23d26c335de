//! What the server does, asked over HTTP as clients ask. One program, because each that links the engine takes seconds to
//! link and much of a disk.

mod batching;
mod contract;
mod controls;
mod exchange;
mod keys_and_searches;
mod payloads;
mod support;
mod survives_a_kill;
mod swaps;
