//! Components that would take a compiler minutes and gigabytes: they are compiled in a process of their own, which ends.

use std::time::{Duration, Instant};

use host_harness::embedded;
use provisioning_runtime::{Compiler, ComponentCache, LoadError, Runtime, RuntimeBuilder};

fn leb(mut number: usize, out: &mut Vec<u8>) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        out.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return;
        }
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    leb(content.len(), &mut section);
    section.extend_from_slice(content);
    section
}

/// A function of so many locals and so many branches, each of which sets one: a compiler has to find out which value each has where.
fn function(locals: usize, branches: usize) -> Vec<u8> {
    let mut body = vec![1];
    leb(locals, &mut body);
    body.push(0x7f);
    let mut number = 1_usize;
    let mut local = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % locals
    };
    for _ in 0..branches {
        body.push(0x20);
        leb(local(), &mut body);
        body.extend([0x04, 0x40, 0x20]);
        leb(local(), &mut body);
        body.extend([0x41, 0x01, 0x6a, 0x21]);
        leb(local(), &mut body);
        body.push(0x0b);
    }
    body.push(0x0b);
    body
}

/// The connector with another module in it, of so many such functions. Nobody calls them.
fn bomb(functions: usize, locals: usize, branches: usize) -> Vec<u8> {
    let (mut declared, mut code) = (Vec::new(), Vec::new());
    leb(functions, &mut declared);
    declared.extend(std::iter::repeat_n(0, functions));
    leb(functions, &mut code);
    let function = function(locals, branches);
    for _ in 0..functions {
        leb(function.len(), &mut code);
        code.extend_from_slice(&function);
    }
    let module =
        [b"\0asm\x01\0\0\0".to_vec(), section(1, &[1, 0x60, 0, 0]), section(3, &declared), section(10, &code)].concat();
    [embedded::CONNECTOR.to_vec(), section(1, &module)].concat()
}

fn builder(time: Duration) -> RuntimeBuilder {
    let program = env!("CARGO_BIN_EXE_host-harness").into();
    Runtime::builder().jobs(2).compiler(Compiler::Child(program)).compile_time(time)
}

/// The most memory that this process has had resident, in bytes.
fn most_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[test]
fn what_a_child_compiles_runs() {
    let runtime = builder(Duration::from_secs(60)).build().unwrap();
    let connector = runtime.load(&bomb(1, 1, 1)).unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let descriptor = executor.block_on(runtime.describe(&connector)).unwrap();
    assert!(!descriptor.settings.is_empty());
}

#[test]
fn a_component_that_takes_too_much_to_compile_is_given_up_and_others_load_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ComponentCache::open(folder.path()).unwrap();
    let runtime = builder(Duration::from_secs(4)).cache(cache).build().unwrap();
    runtime.load_trusted(embedded::CONNECTOR).unwrap();
    let before = most_resident();
    let bomb = bomb(14, 40_000, 14_000);
    let length = bomb.len();
    let other = runtime.clone();
    let attack = std::thread::spawn(move || {
        let began = Instant::now();
        (other.load(&bomb).map(drop), began.elapsed())
    });
    // From the cache, again and again.
    let mut meanwhile = Vec::new();
    while !attack.is_finished() {
        let began = Instant::now();
        runtime.load_trusted(embedded::CONNECTOR).unwrap();
        meanwhile.push(began.elapsed());
        std::thread::yield_now();
    }
    let (result, took) = attack.join().unwrap();
    let more = most_resident().saturating_sub(before) >> 20;
    meanwhile.sort_unstable();
    let (loads, middle) = (meanwhile.len(), meanwhile[meanwhile.len() / 2]);
    println!(
        "a bomb of {length} bytes: {result:?} after {took:?}; {more} MiB more here; meanwhile {loads} loads of the connector, of {middle:?}"
    );
    assert!(matches!(result, Err(LoadError::TooLarge(_))), "{result:?}");
    // Four of processor time, on a machine that may be busy.
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(more < 400, "{more} MiB");
    assert!(loads > 3 && middle < Duration::from_secs(2), "{loads} loads of {middle:?}");
}
