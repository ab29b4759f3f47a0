//! Memory that outlives its sandbox, so that it can be searched afterwards.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Room for one memory, if nobody says otherwise: the sandbox's default limit.
const CAPACITY: usize = 64 << 20;

/// What sandboxes have left behind: for each memory, its bytes up to the size that it had.
type Left = Arc<Mutex<Vec<Vec<u8>>>>;

/// The memory of a sandbox, which alone has it until it ends.
struct Memory {
    bytes: Vec<u8>,
    /// Where the bytes begin. Taken once, from `as_mut_ptr`: a pointer from `as_ptr` may not be written through.
    start: AtomicPtr<u8>,
    size: usize,
    capacity: usize,
    left: Left,
}

/// Hands out the memories of sandboxes and keeps what they leave behind, for
/// [`RuntimeBuilder::memory`](provisioning_runtime::RuntimeBuilder::memory). For checks and tests: the memories stay until it is dropped.
pub struct MemoryKeeper {
    left: Left,
    /// The most bytes of one memory.
    capacity: usize,
}

impl Default for MemoryKeeper {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

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
        self.capacity
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > self.capacity {
            let most = self.capacity >> 20;
            return Err(wasmtime::Error::msg(format!("a memory that is kept cannot grow over {most} MiB")));
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
        let capacity = self.capacity;
        if reserved.unwrap_or(0) > capacity || guard > 0 || minimum > capacity {
            return Err(format!("asked for {minimum} bytes, {reserved:?} reserved, {guard} guarded"));
        }
        let mut bytes = vec![0; capacity];
        let start = AtomicPtr::new(bytes.as_mut_ptr());
        Ok(Box::new(Memory { bytes, start, size: minimum, capacity, left: Arc::clone(&self.left) }))
    }
}

impl MemoryKeeper {
    /// One for sandboxes whose memories grow up to so many bytes.
    pub fn new(capacity: usize) -> Self {
        Self { left: Left::default(), capacity }
    }

    /// Places where `needle` stands in the memory of any sandbox that is gone.
    pub fn find(&self, needle: &str) -> usize {
        let finder = memchr::memmem::Finder::new(needle);
        locked(&self.left).iter().map(|bytes| finder.find_iter(bytes).count()).sum()
    }
}
