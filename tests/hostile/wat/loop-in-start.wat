;; Start-up code runs before any handler.
(func $start (loop $for-ever (br $for-ever)))
(start $start)
