//! Memory that outlives its sandbox, so that it can be searched afterwards.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Room for one memory: the sandbox's default limit.
const CAPACITY: usize = 64 << 20;

/// What sandboxes have left behind: for each memory, its bytes up to the size that it had.
type Left = Arc<Mutex<Vec<Vec<u8>>>>;

/// The memory of a sandbox, which alone has it until it ends.
struct Memory {
    bytes: Vec<u8>,
    /// Where the bytes begin. Taken once, from `as_mut_ptr`: a pointer from `as_ptr` may not be written through.
    start: AtomicPtr<u8>,
    size: usize,
    left: Left,
}

/// Hands out the memories of sandboxes and keeps what they leave behind, for
/// [`RuntimeBuilder::memory`](provisioning_runtime::RuntimeBuilder::memory). For checks and tests: the memories stay until it is dropped.
#[derive(Default)]
pub struct MemoryKeeper(Left);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SAFETY: the bytes are allocated once, zeroed, at their full capacity. From then on nothing here reads, writes or moves them
/// until this is dropped, which Wasmtime does when the sandbox is gone and with it every use of the pointer. The pointer is of
/// `Vec::as_mut_ptr`, so it may be written through, and stays valid when the vector itself, but not what it holds, is moved.
#[expect(unsafe_code, reason = "Wasmtime asks for a promise that the compiler cannot check")]
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            return Err(wasmtime::Error::msg("a memory that is kept cannot grow over 64 MiB"));
        }
        self.size = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.start.load(Ordering::Relaxed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.truncate(self.size);
        locked(&self.left).push(bytes);
    }
}

/// SAFETY: see [`Memory`]; the capacity covers every size that it grows to, and no guard is given.
#[expect(unsafe_code, reason = "Wasmtime asks for a promise that the compiler cannot check")]
unsafe impl MemoryCreator for MemoryKeeper {
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
        let mut bytes = vec![0; CAPACITY];
        let start = AtomicPtr::new(bytes.as_mut_ptr());
        Ok(Box::new(Memory { bytes, start, size: minimum, left: Arc::clone(&self.0) }))
    }
}

impl MemoryKeeper {
    /// Places where `needle` stands in the memory of any sandbox that is gone.
    pub fn find(&self, needle: &str) -> usize {
        let finder = memchr::memmem::Finder::new(needle);
        locked(&self.0).iter().map(|bytes| finder.find_iter(bytes).count()).sum()
    }
}
