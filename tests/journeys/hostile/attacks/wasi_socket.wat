;; Accepts if no socket can be had, and the reason is `access-denied`.
(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $socket (param i32 i32)))
(func $open (param i32 i32) (result i32)
  (call $socket (i32.const 0) (i32.const 512))
  (if (i32.eqz (i32.load8_u (i32.const 512))) (then (unreachable)))
  (if (i32.ne (i32.load8_u offset=4 (i32.const 512)) (i32.const 1)) (then (unreachable)))
  (call $accept))
