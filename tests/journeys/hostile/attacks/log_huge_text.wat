;; Logs a message of 40 MiB.
(func $open (param i32 i32) (result i32)
  (drop (memory.grow (i32.const 700)))
  (call $log (i32.const 4) (i32.const 65536) (i32.const 41943040) (i32.const 0) (i32.const 0))
  (call $accept))
