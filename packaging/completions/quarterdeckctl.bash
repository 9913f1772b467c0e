# Bash completion for quarterdeckctl; install as /usr/share/bash-completion/completions/quarterdeckctl.
_quarterdeckctl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local global="--url --token-file --password-fd --ca-file --data-dir --json --help --version"
    local -a path=()
    local words=
    local i
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
        --url | --token-file | --password-fd | --ca-file | --data-dir) ((++i)) ;;
        -*) ;;
        *) path+=("${COMP_WORDS[i]}") ;;
        esac
    done
    case $previous in
    --token-file | --ca-file | --data-dir | --report | --archive | --checkpoints)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --type) words="market limit stop stop_limit trailing_stop" ;;
    --tif) words="day gtc ioc fok opg cls" ;;
    --status) words="open closed all" ;;
    --side) words="buy sell" ;;
    --role | --grant | --revoke) words="viewer trader support operator admin" ;;
    --kind) words="fail delay crash" ;;
    --interval) words="1m 5m 15m 1h 4h 1d" ;;
    *) words= ;;
    esac
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    local ticket="--type --limit --stop --trail --tif --take-profit --stop-loss --account --id
        --extended-hours --reduce-only"
    # What the command is: one word, or two or three where those before only name a subject.
    local command=${path[0]:-}
    case $command in
    order | position | difference | trading | instrument | market | breaker | log | trace | user | token | broker | vault | connection | fault | drill)
        command="${path[*]:0:2}"
        [ "$command" != "user second-factor" ] || command="${path[*]:0:3}"
        ;;
    backup) [ "${path[1]:-}" != list ] || command="backup list" ;; # any other word is a name
    restore)
        if [[ $word != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        ;;
    esac
    case $command in
    "") words="order position fills account difference trading halt reduce resume quote bars instrument
        market health breaker log trace metrics openapi backup restore login logout whoami user token mailbox broker
        vault connection fault drill" ;;
    order) words="submit preview modify cancel show list" ;;
    "order submit") words="buy sell $ticket --confirm --yes" ;;
    "order preview") words="buy sell $ticket" ;;
    "order modify") words="--quantity --limit --stop --trail --tif" ;;
    "order cancel") words="--all --symbol --side" ;;
    "order show") words="--timeline" ;;
    "order list") words="--status --state --symbol --side --from --to --limit --all" ;;
    position) words="list" ;;
    fills) words="--symbol --since --to --limit --all" ;;
    difference) words="list accept" ;;
    "difference accept") words="--reason" ;;
    trading) words="status halt reduce resume reconcile" ;;
    halt | reduce | resume | "trading halt" | "trading reduce" | "trading resume") words="--reason" ;;
    quote) words="--watch" ;;
    bars) words="--interval --from --to --limit" ;;
    instrument) words="search show" ;;
    "instrument search") words="--limit" ;;
    market) words="status" ;;
    breaker) words="list" ;;
    log) words="verify tail" ;;
    "log verify") words="--file --checkpoints --key" ;;
    "log tail") words="--count --after --follow" ;;
    trace) words="list show" ;;
    "trace list") words="--limit" ;;
    backup) words="list" ;;
    "backup list") words="--archive" ;;
    restore) words="--to --to-event --archive --checkpoints" ;;
    connection) words="list add status remove" ;;
    "connection list") words="--available" ;;
    "connection add") words="--no-browser --wait alpaca tradier schwab" ;;
    "connection status" | "connection remove") words="alpaca tradier schwab" ;;
    broker) words="session take-over" ;;
    token) words="issue rotate" ;;
    "token issue") words="--role" ;;
    login) words="--device" ;;
    user) words="add list show roles disable enable password sessions sign-out sign-up verify second-factor" ;;
    "user add") words="--name --role --invite" ;;
    "user sign-up") words="--name" ;;
    "user second-factor") words="enrol confirm remove" ;;
    "user second-factor enrol") words="--qr" ;;
    "user roles") words="--grant --revoke" ;;
    "user password") words="--with-code" ;;
    "user sign-out") words="--session" ;;
    vault) words="list rotate import" ;;
    "vault rotate") words="--data-keys" ;;
    fault) words="list set clear" ;;
    "fault set") words="--kind --delay-ms --skip --times --corrupt" ;;
    drill) words="list run" ;;
    "drill run") words="--all --jobs --report $(quarterdeckctl drill list --json 2>/dev/null |
        grep -o '"id":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' ')" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words $global" -- "$word")
}
complete -F _quarterdeckctl quarterdeckctl
