//! Memory that outlives its sandbox, so that it can be searched afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Room for one memory: the sandbox's default limit.
const CAPACITY: usize = 64 << 20;

/// One memory.
#[derive(Clone)]
struct Kept {
    bytes: Arc<Vec<u8>>,
    size: Arc<Mutex<usize>>,
}

/// Hands out the memories of sandboxes and keeps a share in each, for
/// [`RuntimeBuilder::memory`](crate::runtime::RuntimeBuilder::memory). For checks and tests: the memories stay until it is dropped.
#[derive(Default)]
pub struct Keeper(Mutex<Vec<Kept>>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SAFETY: the bytes are allocated once, zeroed, at their full capacity, and never move; only the sandbox writes to them
/// while it runs, and they are read when it is gone.
unsafe impl LinearMemory for Kept {
    fn byte_size(&self) -> usize {
        *locked(&self.size)
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            return Err(wasmtime::Error::msg("a memory that is kept cannot grow over 64 MiB"));
        }
        *locked(&self.size) = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr().cast_mut()
    }
}

/// SAFETY: see [`Kept`]; the capacity covers every size that it grows to, and no guard is given.
unsafe impl MemoryCreator for Keeper {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if reserved.unwrap_or(0) > CAPACITY || guard > 0 || minimum > CAPACITY {
            return Err(format!("asked for {minimum} bytes, {reserved:?} reserved, {guard} guarded"));
        }
        let kept = Kept { bytes: Arc::new(vec![0; CAPACITY]), size: Arc::new(Mutex::new(minimum)) };
        locked(&self.0).push(kept.clone());
        Ok(Box::new(kept))
    }
}

impl Keeper {
    /// Places where `needle` stands in any memory handed out so far. Their sandboxes must be gone.
    pub fn find(&self, needle: &str) -> usize {
        let finder = memchr::memmem::Finder::new(needle);
        let memories = locked(&self.0);
        memories.iter().map(|memory| finder.find_iter(&memory.bytes[..memory.byte_size()]).count()).sum()
    }
}
