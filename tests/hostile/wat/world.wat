;; A whole plugin around two core modules: `libc` owns the memory and `cabi_realloc`, `main` the handler. The braces are filled in
;; by tests/it/hostile/wat.rs. All that a guest may want from the host is there; a module imports what it needs from "plain" (calls
;; without memory, for `libc` as well) and "host".
(component
  (import "flowhost:flow/types@1.0.0" (instance $types
    (type $action' (enum "init" "back" "data-exchange"))
    (export "action" (type $action (eq $action')))
    (type $exchange' (record
      (field "action" $action) (field "screen" (option string)) (field "data" string) (field "flow-token" string)
      (field "version" string) (field "token-verified" bool)))
    (export "exchange" (type $exchange (eq $exchange')))
    (type $session' (record (field "state" (option string)) (field "context" (option string)) (field "exchanges" u32) (field "shared" bool)))
    (export "session" (type $session (eq $session')))
    (type $screen-reply' (record (field "screen" string) (field "data" string) (field "error-message" (option string))))
    (export "screen-reply" (type $screen-reply (eq $screen-reply')))
    (type $reply' (variant (case "screen" $screen-reply) (case "complete" string) (case "close") (case "reject-token" string)))
    (export "reply" (type $reply (eq $reply')))
    (type $outcome' (record (field "reply" $reply) (field "state" (option string))))
    (export "outcome" (type $outcome (eq $outcome')))
    (type $client-error' (record
      (field "screen" (option string)) (field "key" string) (field "message" string) (field "flow-token" string)))
    (export "client-error" (type $client-error (eq $client-error')))
    (type $handler-error' (variant (case "bad-request" string) (case "internal" string)))
    (export "handler-error" (type $handler-error (eq $handler-error')))))
  (alias export $types "exchange" (type $exchange))
  (alias export $types "session" (type $session))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "client-error" (type $client-error))
  (alias export $types "handler-error" (type $handler-error))

  (import "flowhost:flow/log@1.0.0" (instance $log
    (type $level' (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $pollable))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))

  (core func $pollable-drop (canon resource.drop $pollable))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $exit (canon lower (func $exit "exit")))
  (core instance $plain
    (export "pollable-drop" (func $pollable-drop)) (export "block" (func $block)) (export "now" (func $now))
    (export "subscribe" (func $subscribe)) (export "exit" (func $exit)))

  (core module $libc {{libc}})
  (core instance $libc (instantiate $libc (with "plain" (instance $plain))))

  (core func $write (canon lower (func $log "write") (memory (core memory $libc "memory"))))
  (core func $poll (canon lower (func $poll "poll") (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (core func $random (canon lower (func $random "get-random-bytes") (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (core instance $host
    (export "write" (func $write)) (export "poll" (func $poll)) (export "random" (func $random)))

  ;; A resource of the guest's own, whose destructor is the guest's too.
  (type $thing (resource (rep i32) (dtor (core func $libc "destructor"))))
  (core func $thing-new (canon resource.new $thing))
  (core func $thing-drop (canon resource.drop $thing))
  (core instance $own (export "new" (func $thing-new)) (export "drop" (func $thing-drop)))

  (core module $main {{main}})
  (core instance $main (instantiate $main
    (with "libc" (instance $libc)) (with "plain" (instance $plain)) (with "host" (instance $host))
    (with "own" (instance $own))))

  (func $handle (param "exchange" $exchange) (param "session" $session) (result (result $outcome (error $handler-error)))
    (canon lift (core func $main "handle") (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))
      (post-return (core func $main "after-handle"))))
  (func $on-client-error (param "error" $client-error)
    (canon lift (core func $main "on-client-error") (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (instance $handler (export "handle" (func $handle)) (export "on-client-error" (func $on-client-error)))
  (export "flowhost:flow/handler@1.0.0" (instance $handler)))
