;; What every attack stands in: the imports of the world, an allocator, and the exports of the world.
;; The layouts of records in memory follow the canonical ABI (component-model, CanonicalABI.md).
(module
  (import "identity:provisioning/log@VERSION" "write" (func $log (param i32 i32 i32 i32 i32)))
  (import "identity:provisioning/http@VERSION" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "identity:provisioning/secrets@VERSION" "basic" (func $basic (param i32 i32 i32 i32 i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $timer (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop_timer (param i32)))
  (import "[export]identity:provisioning/provisioning-connector@VERSION" "[resource-new]session"
    (func $session (param i32) (result i32)))
  ;; THE IMPORTS

  ;; 64..256 stays zero: an empty descriptor, an empty list, a usage of nothing. 256..512 is for results, 512..1024 for
  ;; answers of the host, 1024..4096 for the attack's texts.
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 65536))

  ;; Never frees; grows page by page.
  (func $allocate (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
        (br $more)))
    (local.get $at))

  ;; `result<session, error>`: a session.
  (func $accept (result i32)
    (i32.store (i32.const 256) (i32.const 0))
    (i32.store (i32.const 260) (call $session (i32.const 1)))
    (i32.const 256))

  ;; `result<session, error>`: an error of the kind `unsupported` with this message and nothing else.
  (func $refuse (param $text i32) (param $length i32) (result i32)
    (memory.fill (i32.const 256) (i32.const 0) (i32.const 64))
    (i32.store (i32.const 256) (i32.const 1))
    (i32.store (i32.const 260) (i32.const 17))
    (i32.store (i32.const 272) (local.get $text))
    (i32.store (i32.const 276) (local.get $length))
    (i32.const 256))

  ;; GET without headers and body; the answer stands at 512.
  (func $get (param $url i32) (param $length i32)
    (call $send
      (i32.const 0) (local.get $url) (local.get $length)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 512)))

  ;; Refuses with the text of the failure at 512, or with none where there was an answer.
  (func $refuse_as_answered (result i32)
    (if (result i32) (i32.load8_u (i32.const 512))
      (then (call $refuse (i32.load (i32.const 528)) (i32.load (i32.const 532))))
      (else (call $refuse (i32.const 0) (i32.const 0)))))

  ;; THE ATTACK

  (export "cabi_realloc" (func $realloc))
  (export "identity:provisioning/provisioning-connector@VERSION#describe" (func $describe))
  (func (export "identity:provisioning/provisioning-connector@VERSION#test-credentials")
    (param i32 i32) (result i32)
    (call $test (local.get 0) (local.get 1)))
  (func (export "identity:provisioning/provisioning-connector@VERSION#open")
    (param i32 i32) (result i32)
    (call $open (local.get 0) (local.get 1)))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.list-attributes")
    (param i32) (result i32)
    (call $attributes))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.list-entitlements")
    (param i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.import-users")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $import))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.push-users")
    (param i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.deactivate-users")
    (param i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.reactivate-users")
    (param i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.take-back-users")
    (param i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.sync-passwords")
    (param i32 i32 i32) (result i32) (unreachable))
  (func (export "identity:provisioning/provisioning-connector@VERSION#[method]session.usage")
    (param i32) (result i32) (i32.const 64)))
