# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh by tests that look at pages in a browser: headless
# Chromium, driven by chromedriver over HTTP (W3C WebDriver) with curl. The
# browser has a folder of its own and may go nowhere: its proxy is a closed
# port.

browser_missing () {
	command -v chromium >/dev/null || { echo "no chromium"; return; }
	command -v chromedriver >/dev/null || { echo "no chromedriver"; return; }
	command -v curl >/dev/null || echo "no curl"
}

# wd <method> <path of the session> [<json>]: the answer's value, as JSON
wd () {
	if test $# -gt 2
	then
		printf '%s' "$3" | curl -sS --noproxy '*' -m 20 -X "$1" \
			-H 'Content-Type: application/json' --data-binary @- \
			"http://127.0.0.1:$browser_port$browser_session$2"
	else
		curl -sS --noproxy '*' -m 20 -X "$1" \
			"http://127.0.0.1:$browser_port$browser_session$2"
	fi >"$TRASH/wd.json" || return 1
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die;
		my $v = JSON::PP->new->decode(<$f>)->{value};
		die $v->{error} . ": " . $v->{message} . "\n"
			if ref $v eq "HASH" && $v->{error};
		print JSON::PP->new->canonical->allow_nonref->encode($v), "\n"
		' "$TRASH/wd.json"
}

# A string as JSON.
quoted () {
	printf '%s' "$1" | perl -MJSON::PP -e 'local $/;
		print JSON::PP->new->allow_nonref->encode(scalar <STDIN>)'
}

browser_start () {
	mkdir -p "$TRASH/chromium" "$B/screens" || return 1
	: >"$TRASH/chromedriver.log"
	chromedriver --port=0 >"$TRASH/chromedriver.log" 2>&1 &
	browser_pid=$!
	browser_session=
	for browser_try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 \
		21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
	do
		browser_port=$(sed -n 's/.*success.* on port \([0-9]*\).*/\1/p' \
			"$TRASH/chromedriver.log")
		test -z "$browser_port" || break
		sleep 0.1
	done
	test -n "$browser_port" || return 1
	wd POST /session "$(cat <<-EOJ
	{"capabilities":{"alwaysMatch":{"browserName":"chrome",
	"goog:loggingPrefs":{"browser":"ALL","performance":"ALL"},
	"goog:chromeOptions":{"args":["--headless=new","--no-sandbox",
	"--disable-gpu","--disable-dev-shm-usage","--no-first-run",
	"--disable-background-networking","--disable-component-update",
	"--disable-default-apps","--disable-sync","--hide-scrollbars",
	"--proxy-server=127.0.0.1:9","--proxy-bypass-list=<-loopback>",
	"--window-size=1200,900",
	"--user-data-dir=$TRASH/chromium"]}}}}
	EOJ
	)" >"$TRASH/session.json" || return 1
	browser_session=/session/$(sed -n \
		's/.*"sessionId":"\([0-9a-f]*\)".*/\1/p' "$TRASH/session.json")
	# The browser's own first page is none of our business.
	wd POST /url '{"url":"about:blank"}' >/dev/null &&
	wd POST /se/log '{"type":"performance"}' >/dev/null
}

browser_stop () {
	test -n "$browser_pid" || return 0
	test -z "$browser_session" || wd DELETE "" >/dev/null 2>&1
	kill "$browser_pid" 2>/dev/null
	wait "$browser_pid" 2>/dev/null
	browser_pid=
}

browser_open () {
	wd POST /url "{\"url\":\"file://$1\"}" >/dev/null
}

# js <expression>: its value; strings as JSON. Promises are waited for.
js () {
	wd POST /execute/sync "{\"args\":[],\"script\":$(quoted "return ($1);")}"
}

# js_is <expression> <value as JSON>
js_is () {
	browser_got=$(js "$1") && test "$browser_got" = "$2" && return
	echo "$1 is $browser_got, not $2" >&7
	return 1
}

cdp () {
	wd POST /goog/cdp/execute "{\"cmd\":\"$1\",\"params\":$2}" >/dev/null
}

# media <color scheme> [<motion>]
media () {
	cdp Emulation.setEmulatedMedia "{\"features\":[
		{\"name\":\"prefers-color-scheme\",\"value\":\"$1\"},
		{\"name\":\"prefers-reduced-motion\",\"value\":\"${2:-reduce}\"}]}"
}

# size <width> <height>
size () {
	cdp Emulation.setDeviceMetricsOverride "{\"width\":$1,\"height\":$2,
		\"deviceScaleFactor\":1,\"mobile\":false}"
}

# keys <characters>: to where the focus is. \ue004 is tab, \ue007 enter.
keys () {
	wd POST /actions "{\"actions\":[{\"type\":\"key\",\"id\":\"k\",
		\"actions\":[{\"type\":\"keyDown\",\"value\":\"$1\"},
		{\"type\":\"keyUp\",\"value\":\"$1\"}]}]}" >/dev/null
}

# Into $B/screens, to be looked at.
screen () {
	wd GET /screenshot | tr -d '"\n' | base64 -d >"$B/screens/$1.png"
}

# What the console said: nothing.
console_is_silent () {
	wd POST /se/log '{"type":"browser"}' >"$TRASH/console.json" &&
	test "$(cat "$TRASH/console.json")" = "[]" && return
	cat "$TRASH/console.json" >&7
	return 1
}

# What was asked for since the last time: files and data only, or nothing.
nothing_left () {
	wd POST /se/log '{"type":"performance"}' >"$TRASH/performance.json" &&
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die;
		my ($bad, $seen) = (0, 0);
		for (@{JSON::PP->new->decode(<$f>)}) {
			my $m = JSON::PP->new->decode($_->{message})->{message};
			next unless $m->{method} eq "Network.requestWillBeSent";
			my $url = $m->{params}{request}{url};
			$seen++ if $url =~ /^file:/;
			next if $url =~ /^(file|data):/;
			$bad++; print "asked for $url\n";
		}
		print "no request seen\n" unless $seen;
		exit($bad || !$seen)' "$TRASH/performance.json" >&7
}
