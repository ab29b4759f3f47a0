;; Signs in like a good one, and divides by zero in the call after.
(func $attributes (result i32)
  (i32.div_u (i32.const 1) (i32.load (i32.const 64))))
