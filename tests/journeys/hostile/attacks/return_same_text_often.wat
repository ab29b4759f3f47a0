;; Answers with 4,096 probes, each of whose texts is the same mebibyte: little memory here, 8 GiB at the host.
(func $test (param i32 i32) (result i32)
  (local $probe i32)
  (drop (memory.grow (i32.const 40)))
  (local.set $probe (i32.const 131072))
  (loop $next
    ;; name
    (i32.store (local.get $probe) (i32.const 1048576))
    (i32.store offset=4 (local.get $probe) (i32.const 1048576))
    ;; verdict and kind stay 0; detail
    (i32.store offset=28 (local.get $probe) (i32.const 1048576))
    (i32.store offset=32 (local.get $probe) (i32.const 1048576))
    (local.set $probe (i32.add (local.get $probe) (i32.const 48)))
    (br_if $next (i32.lt_u (local.get $probe) (i32.const 327680))))
  (i32.store (i32.const 256) (i32.const 131072))
  (i32.store (i32.const 260) (i32.const 4096))
  (i32.const 256))
