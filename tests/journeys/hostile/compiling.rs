//! Components that would take a compiler long, or ask for what nobody gets: told before anything is compiled.

use std::time::{Duration, Instant};

use provisioning_runtime::{LoadError, Runtime};

use super::attack;
use super::neighbour;
use super::support::replaced_all;
use crate::support::journey;

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

/// A module of so many functions of so many bytes each.
fn module(functions: usize, length: usize) -> Vec<u8> {
    let (mut declared, mut code) = (Vec::new(), Vec::new());
    leb(functions, &mut declared);
    declared.extend(std::iter::repeat_n(0, functions));
    leb(functions, &mut code);
    // No locals, `nop` as often as it takes, and the end.
    let function = [&[0], vec![1; length - 2].as_slice(), &[0x0b]].concat();
    for _ in 0..functions {
        leb(length, &mut code);
        code.extend_from_slice(&function);
    }
    [b"\0asm\x01\0\0\0".to_vec(), section(1, &[1, 0x60, 0, 0]), section(3, &declared), section(10, &code)].concat()
}

/// A function of so many locals and so many branches, each of which sets one: a compiler has to find out which value each has where.
fn tangled(locals: usize, branches: usize) -> Vec<u8> {
    let mut body = vec![1];
    leb(locals, &mut body);
    body.push(0x7f);
    for branch in 0..branches {
        let local = |step: usize| branch.wrapping_mul(step) % locals;
        body.push(0x20);
        leb(local(7_919), &mut body);
        body.extend([0x04, 0x40, 0x20]);
        leb(local(104_729), &mut body);
        body.extend([0x41, 0x01, 0x6a, 0x21]);
        leb(local(1_299_709), &mut body);
        body.push(0x0b);
    }
    body.push(0x0b);
    body
}

/// A harmless component with these modules in it besides.
fn with_modules(modules: &[Vec<u8>]) -> Vec<u8> {
    let more = modules.iter().map(|module| section(1, module));
    std::iter::once(attack!("none").to_vec()).chain(more).collect::<Vec<_>>().concat()
}

#[test]
fn what_is_too_large_to_be_compiled_is_not_compiled() {
    let runtime = Runtime::builder().jobs(1).build().unwrap();
    for (name, component, part) in [
        ("a long function", with_modules(&[module(1, 1 << 20)]), "a function of it is 1048576 bytes long"),
        ("many functions", with_modules(&[module(100_000, 20)]), "it has more than 100000 functions"),
        ("many modules", with_modules(&vec![module(1, 2); 70]), "it has more than 64 modules"),
        ("a long component", with_modules(&vec![module(100, 200_000); 4]), "bytes long, and 67108864 are the most"),
    ] {
        let began = Instant::now();
        let error = runtime.load(&component).err().unwrap();
        println!("{name}: {} bytes refused in {:?}: {error}", component.len(), began.elapsed());
        assert!(matches!(&error, LoadError::TooLarge(told) if told.contains(part)), "{error}");
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    assert!(runtime.load(&with_modules(&[module(10, 20)])).is_ok());
}

#[test]
fn a_foreign_import_is_named_before_anything_is_compiled() {
    let runtime = Runtime::builder().jobs(1).build().unwrap();
    let foreign = replaced_all(attack!("none"), "wasi:clocks/wall-clock@0.2.0", "0.2.0", "9.9.9");
    let bomb = [foreign, section(1, &module(14, 255_000))].concat();
    let began = Instant::now();
    let error = runtime.load(&bomb).err().unwrap();
    println!("the foreign import of a component of {} bytes: {error}; after {:?}", bomb.len(), began.elapsed());
    assert!(matches!(&error, LoadError::ForeignImport(name) if name == "wasi:clocks/wall-clock@9.9.9"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_neighbour_of_a_component_that_takes_long_to_compile_is_not_held_up() {
    journey(async {
        let function = tangled(2_000, 2_000);
        let mut code = vec![1];
        leb(function.len(), &mut code);
        code.extend_from_slice(&function);
        let module =
            [b"\0asm\x01\0\0\0".to_vec(), section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(10, &code)]
                .concat();
        let bomb = with_modules(&[module]);
        let attack = move || {
            let bomb = bomb.clone();
            async move {
                let load = move || Runtime::builder().jobs(1).build().unwrap().load(&bomb).map(drop);
                tokio::task::spawn_blocking(load).await.unwrap().unwrap();
            }
        };
        neighbour::is_not_held_up("a component that takes long to compile", attack).await;
    });
}
