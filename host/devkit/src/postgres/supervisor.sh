# Runs one PostgreSQL server for one host, and ends it with the host, in whatever way the host ends.
#
# Arguments: the run folder (holds the socket; removed at the end), the cluster, the programs initdb and postgres, an extra
# argument for initdb or "", the server's arguments.
# stdin:  a pipe that the host holds open; its end means: stop.
# stdout: a locked file. Server and initdb inherit it as descriptor 3, so that the lock lasts until the last of them is gone.
# stderr: the log.
# Exits with the server's status, 0 after an orderly stop.
set -u
run=$1 cluster=$2 initdb=$3 postgres=$4 sync=$5
shift 5

# Whoever signals all processes of a service would otherwise end this one before the server.
trap '' HUP INT TERM
trap 'rm -rf -- "$run"' EXIT

# Killed in the middle, initdb leaves a folder that looks like a cluster. So it works beside the place, and a rename ends it.
if [ ! -e "$cluster/PG_VERSION" ]; then
    rm -rf -- "$cluster.new" || exit 1
    "$initdb" --pgdata="$cluster.new" --username=flowhost --encoding=UTF8 --locale=C --auth-local=trust --auth-host=reject \
        ${sync:+"$sync"} </dev/null 3>&1 1>&2 || exit 1
    mv -- "$cluster.new" "$cluster" || exit 1
fi

exec 4<&0
"$postgres" -D "$cluster" "$@" </dev/null 3>&1 1>&2 4<&- &
server=$!

# Waits for the host's end. SIGINT is PostgreSQL's fast shutdown: it ends all connections and writes a checkpoint. A server that
# is just starting does not hear it yet, so it is said again every second; more than once does no harm. If the server is not
# through after two minutes, SIGQUIT ends it without a checkpoint: the next start recovers from the log, nothing is lost.
# The file tells the shell below that this has begun. The folder is removed here too, in case that shell was killed.
(
    while read -r _ <&4; do :; done
    : >"$run/stopping"
    ticks=0
    while kill -0 "$server"; do
        [ $((ticks % 10)) -eq 0 ] && kill -INT "$server"
        [ "$ticks" -eq 1200 ] && kill -QUIT "$server"
        sleep 0.1 || sleep 1
        ticks=$((ticks + 1))
    done
    rm -rf -- "$run"
) >/dev/null 2>&1 &
watcher=$!

wait "$server"
status=$?
if [ -e "$run/stopping" ]; then
    wait "$watcher"
else
    # The server ended by itself. SIGKILL, as the watcher ignores the rest too.
    kill -KILL "$watcher"
fi
exit "$status"
