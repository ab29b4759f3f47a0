;; Refuses with a message of 40 MiB.
(func $open (param i32 i32) (result i32)
  (drop (memory.grow (i32.const 700)))
  (call $refuse (i32.const 65536) (i32.const 41943040)))
