;; Grows two memories, neither of which is over the limit.
(memory $second 1)
(func $open (param i32 i32) (result i32)
  (if (i32.eq (memory.grow (i32.const 600)) (i32.const -1)) (then (unreachable)))
  (drop (memory.grow $second (i32.const 600)))
  (call $accept))
