//! What Wasmtime generates from the WIT package: the world `connector` seen from the host.
#![allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub, unused_qualifications)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "connector",
    // Host functions wait on the network and may end the job; connector functions run on a fiber, so that thousands of
    // waiting jobs need few threads.
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:io/poll.pollable": crate::clocks::Deadline,
    },
    require_store_data_send: true,
});
