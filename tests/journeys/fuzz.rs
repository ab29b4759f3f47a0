//! What the fuzz targets try, on the inputs that are kept in `tests/fuzz/corpus`: examples, and whatever was ever found.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn what_fuzzing_keeps_is_taken_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut faults = Vec::new();
    for (name, target) in targets::TARGETS {
        let mut inputs = 0;
        for entry in std::fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")) {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            inputs += 1;
            // Each is also tried cut off, which is what networks do.
            for length in [bytes.len(), bytes.len() / 2] {
                if catch_unwind(|| target(&bytes[..length])).is_err() {
                    faults.push(format!("{} ({length} bytes)", path.display()));
                }
            }
        }
        assert!(inputs > 0, "{name} has no inputs");
    }
    assert!(faults.is_empty(), "the reasons are above:\n{}", faults.join("\n"));
}

/// Bytes of no meaning, and the kept inputs with some bytes changed: what the fuzzer does, for a second.
#[test]
fn what_is_kept_is_taken_or_refused_with_bytes_changed_too() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.15_f64);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 0xffff_ffff).unwrap()
    };
    let mut faults = Vec::new();
    for (name, target) in targets::TARGETS {
        let inputs: Vec<Vec<u8>> = std::fs::read_dir(corpus.join(name))
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        let (begun, mut tries) = (std::time::Instant::now(), 0_u64);
        while begun.elapsed().as_secs_f64() < seconds || tries < 20 {
            tries += 1;
            let mut bytes = inputs[next() % inputs.len()].clone();
            for _ in 0..=next() % 6 {
                let at = next() % (bytes.len() + 1);
                match next() % 5 {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, next().to_le_bytes()[0]),
                    2 if at < bytes.len() => drop(bytes.remove(at)),
                    3 => {
                        let other = &inputs[next() % inputs.len()];
                        let from = next() % (other.len() + 1);
                        let piece = other[from..].iter().take(next() % 40).copied().collect::<Vec<_>>();
                        bytes.splice(at..at, piece);
                    }
                    _ if at < bytes.len() => bytes[at] ^= 1 << (next() % 8),
                    _ => {}
                }
            }
            if catch_unwind(|| target(&bytes)).is_err() {
                faults.push(format!("{name}: {:?}", String::from_utf8_lossy(&bytes)));
                break;
            }
        }
        println!("{name}: {tries} inputs in {:.1} s", begun.elapsed().as_secs_f64());
    }
    assert!(faults.is_empty(), "the reasons are above:\n{}", faults.join("\n"));
}
