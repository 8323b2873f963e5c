# Runs ChromeDriver, and ends it with all browsers that it started when standard input ends: whatever becomes of the test that holds
# the other end.

# This process leads a group, and they are in it.
{ chromedriver "$@"; kill -KILL 0; } &
cat >/dev/null
kill -KILL 0
