# demo: a picture of what the system does with mails that work and mails that fail. Sourced by ./dev.
# shellcheck shell=bash

# Recipient and how many such mails, 20 in all. The mail sink fails as the address says; it counts by address, so each mail has its own.
demo_mails=(fine@N.example.com=10 fail-451-twice@N.example.com=3 fail-451@N.example.com=3 fail-550@N.example.com=3 not-an-address=1)
demo_seconds=90 # the longest way, five tries with 1, 2, 4 and 8 s between them, takes about 16 s

field() { sed -n "s/.*\"$1\":\(\"\([^\"\\\\]*\(\\\\.[^\"\\\\]*\)*\)\"\|[0-9]*\).*/\1/p" | head -n 1 | sed 's/^"//; s/"$//; s/\\"/"/g'; } # name; JSON on standard input

post_mail() { # recipient number: prints the status, then the body
  curl -sS -w '\n%{http_code}' --max-time 20 "http://127.0.0.1:$api_port/emails" -H 'Content-Type: application/json' \
    -d "{\"from\":\"demo@example.com\",\"to\":\"$1\",\"subject\":\"Demo mail $2\",\"text\":\"This is mail $2 of the demo.\"}" |
    { mapfile -t answer; printf '%s\n%s\n' "${answer[-1]}" "${answer[*]:0:${#answer[@]}-1}"; }
}

write_poison() { # prints where it went, if it is told
  local poison='this is not a mail, not even JSON'
  if [ "$mode" = docker ]; then
    compose exec -T kafka /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:19092 --topic email.send <<<"$poison"
  else
    dotnet "$(dll tools/InMemoryKafka)" produce "$bootstrap_servers" email.send <<<"$poison" >/dev/null
  fi
}

demo() {
  [ $# -eq 0 ] || die "demo takes no options"
  need curl
  load_up
  local since pair to number=0 status body id report state text started=$SECONDS
  local ids=() tos=() outcomes=() refused=()
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)

  for pair in "${demo_mails[@]}"; do
    for ((i = 0; i < ${pair#*=}; i++)); do
      number=$((number + 1))
      to=${pair%=*}
      to=${to/N./customer-$number.}
      { read -r status; read -r body; } < <(post_mail "$to" "$number")
      if [ "$status" = 202 ]; then
        ids+=("$(field id <<<"$body")") tos+=("$to") outcomes+=('')
      else
        refused+=("$(printf '%-42s %-9s %s' "$to" refused "by the API: $status $(field code <<<"$body")")")
      fi
    done
  done
  say "$number mails posted: ${#ids[@]} accepted, ${#refused[@]} refused"
  write_poison || die "the poison record could not be written to email.send"
  say "1 record that is not a mail written to email.send"

  local pending=${#ids[@]} poison=''
  while ((pending > 0)) || [ -z "$poison" ]; do
    ((SECONDS - started < demo_seconds)) || break
    sleep 0.5
    for i in "${!ids[@]}"; do
      [ -z "${outcomes[i]}" ] || continue
      report=$(curl -fsS --max-time 5 "http://127.0.0.1:$api_port/emails/${ids[i]}") || continue
      state=$(field state <<<"$report")
      case $state in
        sent | dead)
          outcomes[i]=$(printf '%-9s tries: %s' "$state" "$(field attempts <<<"$report")")
          [ "$state" = sent ] || outcomes[i]+="  $(field last_error <<<"$report" | cut -c1-110)"
          pending=$((pending - 1)) ;;
      esac
    done
    [ -n "$poison" ] || poison=$(poison_failure "$since" "${ids[*]}")
  done

  say
  printf '%-42s %s\n' recipient 'what became of it'
  for i in "${!ids[@]}"; do printf '%-42s %s\n' "${tos[i]}" "${outcomes[i]:-NOT ENDED after $demo_seconds s}"; done
  for text in "${refused[@]}"; do say "$text"; done
  printf '%-42s %s\n' '(no mail, by Kafka)' "${poison:-NOT FOUND among the failures after $demo_seconds s}"
  say
  say "mails: http://127.0.0.1:$mail_port    failures: http://127.0.0.1:$api_port/console/failures    dead letters: topic email.send.dlt"
  ((pending == 0)) && [ -n "$poison" ]
}

poison_failure() { # since ids: the failure since then that none of our mails has
  local failures line mail
  failures=$(curl -fsS --max-time 5 "http://127.0.0.1:$api_port/failures?since=$1&limit=200") || return 0 # it is asked for again
  while read -r line; do
    [[ $line == '{"id":'* ]] || continue
    mail=$(field mail_id <<<"$line")
    [ -n "$mail" ] && [[ " $2 " == *" $mail "* ]] && continue
    printf '%-9s tries: %s  %s\n' dead "$(field attempts <<<"$line")" "$(field message <<<"$line" | cut -c1-110)"
    break
  done < <(sed 's/{"id":/\n&/g' <<<"$failures")
}
