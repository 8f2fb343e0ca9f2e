// Inputs for which djsup's exporter and the original must give the same metrics. In the first group `%` stands for a name of
// its own in each case; in the others the names are chosen so that the cases do not meet.

export interface Group {
  readonly title: string;
  readonly mapping?: string;
  readonly flags?: readonly string[];
  /** Each the datagrams of one case. */
  readonly cases: readonly (readonly string[])[];
}

/** A case of one datagram for each line of the text. */
function each(text: string): readonly (readonly string[])[] {
  return text
    .trim()
    .split('\n')
    .map((line) => [line.replaceAll(String.raw`\n`, '\n').replaceAll(String.raw`\r`, '\r')]);
}

const rule = (...lines: readonly string[]): string => `- ${lines.join('\n  ')}\n`;

export const groups: readonly Group[] = [
  {
    title: 'lines',
    cases: [
      ...each(String.raw`
%:2|c
%:3|g
%:200|ms
%:200|h
%:200|d
%:333|g\n%:-10|g\n%:+4|g
%:-5|g
%:+5|g
%:3|g|@0.2
%:100|c|@0.1
%:2|c|@0
%:1|c|@bar
%:0.5|c\n%:1e3|c
%:+5|c
%:-1|c\n%:2|c
%:0.5|ms|@0.1
%:10|ms|@0.3
%:10|ms|@2
%:1|h|@0.001
%:0.1|ms|@0.002
%:7|ms|@0.01\n%:0.3|ms|@0.02\n%:2|ms|@0.1\n%:5|ms
%:1|h\n%:5|h|@0.002
%:1:2:3:4|d|@0.01
%:1|h|@0.003\n%:2|h|@0.007\n%:-1|h
%:1|s
%:abc|s
%:1|t
%:1|C
%
:100|ms
%:1
%:1o|c
%:|c
%:1|c|
%:1||
%:1||c
%:1|
%:|
%:1|c|zzz
%:1|c|@0.5|#a:b|c:x|T1|T2
%:1|c|@0.5|#a:b|c:x|T1
%:1|c|@
%:1|c|#
%:1|c|@0.5|@0.5
%:1|c|@-1
\n\n%:1|c\n\n
%:inf|c
%:NaN|g
%:+Inf|h
%:-inf|h
%:1_000|c
%:0x10|c
%:0x1p4|c
%:0x_1p4|c
%:1__0|c
%:_1|c
%:1_|c
%:1_.5|c
%:1e1_0|c
%:1e400|c
%:1e-400|g
%:infinity|g
%:-nan|g
%:+nan|g
%:--1|g
%:+-1|g
%:-0|g
%:1e|g
%:.|g
%:.5|g
%:1.|g
%:1|c:5|c
%:200|ms:300|ms:5|c|@0.1:6|g
%:1|g:+2|g:-1|g
%:1|c:2|c|@0.5:3|c
%:1|c:2
%:1|c:
%:1|c::2|c
%::1|c
%:1|s:2|c
%:1|ms|@0.5:2|ms
%:0.5:120:3000|ms|#a:b
%:1:2|d|@0.5
%:1:2|h
%:1:2:3|ms|@0.25
%:0.1:0.2:0.3|h|@0.3
%:1:2|c
%:1:2|g
%:1:2|s
%:1:|ms
%:1:x:2|ms
%::|ms
%:1:2|ms:3|ms
%:b:1|c
%:b:1|c|#x:y
%:1:2|g|#a:b
%:1|c|#a:b|c:cid1
%:1|c|#a:b|c:
%:1|c|#a:b|cx
%:1|c|#a:b|c
%:1|c|#a:b|c:x|c:y
%:1|c|#container_id:z|c:x
%:1|c|c:x|#a:b
%:1|c|c:x
%:1|c|@0.5|c:x
%:1|c|#|c:x
%:1|ms|#a:b|c:x y
%:1|c|#a:b|T1656581400
%:1|c|Txx
%:1|c|Tx|@0.1
%:1|c|T1|#a:b|@0.5
%:1|c|#a:b|#c:d
%:1|c|@0.5||#a:b
%:1|c|#a:b||
%:1|c|#a:b|zz
%:1|c|zz|#a:b
%:1|c|@zz|#a:b
%:1|c|@nan
%:1|ms|@nan
%:1|ms|@-1
%:1|c|@1e400
%:1|c|@0x1p-1
%:1|g|@0.1|#a:b
%:0|c
%:0|ms
%:-5|ms
%:-1|h
%:123456789012|c\n%x:1234567|c
%:0.1|c\n%:0.2|c\n%:1|c\n%:0.7|c
%:1e21|c
%:0.00001|g
%:99999|g
%:100000|g
%:999999|g
%:1000000|g
%:1234567.5|g
%:0.0001|g
%:0.00009|g
%:-1000000|g
%:5e-324|g
%:9007199254740993|g
%:1.7976931348623157e308|g
%:123456.789|g
%:2e6|g
%:0.1:0.2:0.3:0.4:0.5:0.6:0.7|h
%:1|c \n%:2|c
 %:1|c
% : 1 | c
%:1|c\r\n%:2|c\r\n
%:1|c|#é:ü
%:1|c\n%:2|g\n%:3|c
%:1|ms\n%_sum:1|c\n%_count:1|g
%_count:1|g\n%:1|ms
%_bucket:1|c\n%:1|ms
%:1|ms\n%_bucket:1|c
%:1|c|#a:1\n%:1|c|#b:2\n%:1|c
%:1|ms\n%:1|h
%:1|g\n%:1|c|#a:b
%:1|ms|#le:x
`),
      ...each(String.raw`
%#tag1=bar,tag2=baz:100|c
%,tag1=bar,tag2=baz:100|c
%.[tag1=bar,tag2=baz]test:1|c
[tag1=bar]%.beg:1|c
%.end[tag1=bar]:1|c
[tag1=bar,tag2=baz%.test:100|c
%.[]test:1|c
%:100|c|#tag1:bar,tag2:baz
%:100|c|#tag1:bar,#tag2:baz
%:100|c|#09digits:0,tag.with.dots:1
%:1|c|#novalue
%:1|c|#novalue,tag:value
%:1|c|#tag:value,,
%:1|c|#tag1:,tag2:x
%:1|c|#tag1:foo:bar
%:1|c|#a:1,a:2
%#tag1=foo:100|c|#tag1:bar
%,a=1#b=2:1|c
%:1|c|#a:say "hi",b:back\slash,c:ünï
%:1|c|#a-b:1,é:2
%:1|c|##a:b
%:1|c|#a:b,#c:d,##e:f
%:1|c|#:v
%:1|c|#a:,
%:1|c|#a:b,,c:d
%:1|c|#a=b
%:1|c|#a:b:c
%:1|c|#a:b|#
%,b:1|c
%,b=:1|c
%,=c:1|c
%,b=1,c:1|c
%,:1|c
%#:1|c
%[b=c][d=e]f:1|c
%[b=c:1|c
%]b:1|c
%#b=1,b=2:1|c
%,b=1;c=2:1|c
%#b=x#c=y:1|c
%.b#x=1.y=2:1|c
%#x=y:1|c:2|c
%#x=1:1|c|#
%#x=1:1|c|@0.1|#y:2
%:1|c:2|c|#x:y
%:1|c|#x:y:3|c
%:1|c|#a:b,c|@x
%|c:1|c
%:1|c|#a b:c d
%:1|ms|#zz:1,aa:2
%:1|c|#b:1\n%:1|c|#b:10\n%:1|c|#b:9\n%:1|c|#b:B\n%:1|c|#a:0,b:1
0starts%:1|c
%with--dd:1|c
%with---md-x:1|c
%a.b-c/d:1|c
%with😱emoji:1|c
%a.*.b:1|c
%A_b:1|c\n%a b:1|c\n%a%b:1|c
%a..b:1|c
.%a:1|c
%a.:1|c
-:1|c\n--:1|c\n.:1|c
%a.b:1|c\n%a-b:2|c\n%a_b:3|c
%🎉:1|c|#🎈:🎂
`),
      [Buffer.from('%\u0000x:1|c').toString(), '%:1|c\u0000'],
      ['%:1|ms', '%:2|ms', '%:3|ms|#a:b'],
    ],
  },
  {
    title: 'the Django mapping',
    mapping: `mappings:
${rule('match: gunicorn.request.status.*', 'name: django_response_code', 'labels: {status: $1}')}${rule('match: gunicorn.requests', 'name: django_requests')}${rule('match: gunicorn.request.duration', 'name: django_request_duration')}`,
    cases: [
      ['gunicorn.request.duration:123.456|ms'],
      ['gunicorn.requests:1|c|@1.0'],
      ['200', '200', '404', '500', '302'].map((status) => `gunicorn.request.status.${status}:1|c|@1.0`),
      ['gunicorn.workers:2|g', 'gunicorn.workers:3|g'],
      ['gunicorn.log.error:1|c|@1.0'],
      ['my_counter:1|c', 'my_counter:1|c'],
      ['svc.gunicorn.requests:1|c|@1.0'],
      ['gunicorn.request.status.200.x:1|c'],
      ['gunicorn.requests:1|c|@1.0|#env:prod,team:a'],
      Array.from({ length: 100 }, (_, index) => `gunicorn.request.duration:${index + 1}|ms`),
      ['gunicorn.backlog:7|h'],
    ],
  },
  {
    title: 'labels and templates',
    mapping: `mappings:
${rule('match: test.dispatcher.*.*.*', 'name: dispatcher_events_total', 'labels: {processor: $1, action: $2, outcome: $3, job: test_dispatcher}')}${rule('match: "*.signup.*.*"', 'name: signup_events_total', 'labels: {provider: $2, outcome: $3, job: "${1}_server"}')}${rule('match: test.*.*.counter', 'name: "${2}_total"', 'labels: {provider: $1}')}${rule('match: tmpl.*', 'name: nn', 'labels: {aa: $1_foo, bb: $2, cc: $0, dd: "x${1}y", ee: $a, ff: "${1"}')}${rule('match: seg.*.*', 'name: segs', 'labels: {l1: $1, l2: $2}')}${rule('match: helped', 'name: helped', 'help: "a \\\\ b"')}${rule('match: gone.*', 'name: gone', 'action: drop')}${rule('match: scaled.kb', 'name: scaled_bytes', 'scale: 1024')}${rule('match: scaled.lat', 'name: scaled_lat', 'scale: 0.001')}${rule('match: scaled.zero', 'name: scaled_zero', 'scale: 0')}${rule('match: scaled.minus', 'name: scaled_minus', 'scale: -1')}${rule('match: cfg', 'name: cfg', 'labels: {some_label: cfg}')}${rule('match: hon', 'name: hon', 'honor_labels: true', 'labels: {some_label: cfg, other: x}')}${rule('match: kind.*', 'name: kind_sum', 'match_metric_type: counter')}${rule('match: kind.*', 'name: kind_current', 'match_metric_type: gauge')}`,
    cases: [
      ['test.dispatcher.FooProcessor.send.success:1|c'],
      ['foo_product.signup.facebook.failure:1|c'],
      ['test.a.b.counter:1|c'],
      ['tmpl.a:1|c'],
      ['seg.b.:1|c', 'seg..:1|c', 'seg.x.y:1|c', 'seg.x:1|c', 'seg.x.y.z:1|c'],
      ['helped:1|c'],
      ['gone.x:1|c', 'gone.y:1|ms', 'gone:1|c'],
      ['scaled.kb:100|c', 'scaled.kb:200|c', 'scaled.lat:5|ms', 'scaled.zero:5|g', 'scaled.minus:5|g'],
      ['scaled.minus:5|c', 'scaled.minus:0|g'],
      ['cfg:1|c|#some_label:bar,o:1'],
      ['hon:1|c|#some_label:bar', 'hon:1|c'],
      ['kind.x:1|c', 'kind.x:5|g', 'kind.x:7|ms'],
      ['test.a-b.c.counter:1|c'],
      ['test..1.counter:1|c'],
    ],
  },
  {
    title: 'globs in the order of the file',
    mapping: `mappings:
${rule('match: order.*.*', 'name: testa', 'labels: {ll: $1}')}${rule('match: order.*.bbb', 'name: testb')}${rule('match: lit.a.*', 'name: lit_one')}${rule('match: lit.*.b', 'name: lit_two')}${rule('match: "*.twice"', 'name: twice_star')}${rule('match: twice.twice', 'name: twice_word')}`,
    cases: [['order.good.bbb:1|c'], ['lit.a.b:1|c', 'lit.c.b:1|c'], ['twice.twice:1|c'], ['order.x:1|c']],
  },
  {
    title: 'a star for every word',
    mapping: `mappings:\n${rule('match: "*"', 'name: one_word', 'labels: {word: $1}', 'match_metric_type: observer')}`,
    cases: [
      ['word:3|ms', 'word:3|h|#word:x'],
      ['other:1|c', 'two.words:1|ms'],
    ],
  },
  {
    title: 'globs by how specific they are',
    mapping: `defaults:
  glob_disable_ordering: true
mappings:
${rule('match: order.*.*', 'name: testa', 'labels: {ll: $1}')}${rule('match: order.*.bbb', 'name: testb')}${rule('match: lit.*.b', 'name: lit_two')}${rule('match: lit.a.*', 'name: lit_one')}${rule('match: "*.b.*"', 'name: any_b')}${rule('match: a.*.c', 'name: a_c')}${rule('match: "*.*.d"', 'name: any_d')}${rule('match: t.*', 'name: t_one')}${rule('match: t.*', 'name: t_two')}`,
    cases: [
      ['order.good.bbb:1|c', 'order.good.ccc:1|c'],
      ['lit.a.b:1|c', 'lit.x.b:1|c', 'lit.a.x:1|c'],
      ['a.b.c:1|c', 'a.x.c:1|c', 'a.b.d:1|c', 'z.b.d:1|c', 'z.z.d:1|c'],
      ['t.a:1|c'],
    ],
  },
  {
    title: 'regular expressions',
    mapping: String.raw`mappings:
${rule('match: "glob.*"', 'name: glob_wins')}${rule(String.raw`match: 'glob\.(.*)'`, 'match_type: regex', 'name: glob_lost')}${rule("match: 'test'", 'match_type: regex', 'name: hit')}${rule(String.raw`match: '^named\.(?P<first>\w+)\.(\w+)$'`, 'match_type: regex', 'name: named_$2', 'labels: {aa: $first, bb: $2x, cc: "${2}x", dd: "${first}", ee: "a$$b", ff: $, gg: $0}')}${rule(String.raw`match: '^ci\.(?i)ABC(?-i)d$'`, 'match_type: regex', 'name: folded')}${rule(String.raw`match: '^lazy\.(a+?)(a*)$'`, 'match_type: regex', 'name: lazy', 'labels: {one: $1, two: $2}')}${rule(String.raw`match: '^alt\.(a|ab)(c|bcd)(d*)$'`, 'match_type: regex', 'name: alt', 'labels: {one: $1, two: $2, three: $3}')}${rule(String.raw`match: '^rep\.([ab]{2,3})(b{0,2})\z'`, 'match_type: regex', 'name: rep', 'labels: {one: $1, two: $2}')}${rule(String.raw`match: '^cls\.([[:digit:]]+)([^\d]+)([\x41-\x43]*)$'`, 'match_type: regex', 'name: cls', 'labels: {one: $1, two: $2, three: $3}')}${rule(String.raw`match: '^uni\.(\pL+)(\p{Greek}|\PL)'`, 'match_type: regex', 'name: uni', 'labels: {one: $1, two: $2}')}${rule(String.raw`match: '^edge\.\b(\w+)\b\W*(\B.)?'`, 'match_type: regex', 'name: edge', 'labels: {one: $1, two: $2}')}${rule(String.raw`match: '\Qquo.te\E(.)'`, 'match_type: regex', 'name: quoted', 'labels: {one: $1}')}${rule(String.raw`match: '^opt\.(x)?(y)?'`, 'match_type: regex', 'name: opt', 'labels: {one: $1, two: $2}')}${rule("match: '^kinded'", 'match_type: regex', 'match_metric_type: gauge', 'name: kinded_gauge')}${rule("match: '^drop'", 'match_type: regex', 'action: drop', 'name: dropped')}${rule("match: '^void(x*)'", 'match_type: regex', 'name: ${1}')}${rule(String.raw`match: '^nest\.((a|b)*)(a|b)$'`, 'match_type: regex', 'name: nest', 'labels: {one: $1, two: $2, three: $3}')}${rule(String.raw`match: '^dot(?s:.)(?U)(a+)(a*)'`, 'match_type: regex', 'name: dot', 'labels: {one: $1, two: $2}')}`,
    cases: [
      ['glob.x:1|c', 'glob.x.y:1|c'],
      ['xxtestyy:1|c'],
      ['named.a.b:1|c', 'named.foo.bar:1|c'],
      ['ci.aBcd:1|c', 'ci.abcD:1|c'],
      ['lazy.aaa:1|c'],
      ['alt.abcd:1|c', 'alt.abcdd:1|c', 'alt.ac:1|c'],
      ['rep.abab:1|c', 'rep.aabb:1|c', 'rep.abbbbbb:1|c'],
      ['cls.12xyABC:1|c', 'cls.1ABC:1|c'],
      ['uni.äb1:1|c', 'uni.abγ:1|c', 'uni.abc:1|c'],
      ['edge.ab--c:1|c', 'edge.ab:1|c'],
      ['quo.teX:1|c', 'quoXteX:1|c'],
      ['opt.:1|c', 'opt.x:1|c', 'opt.y:1|c', 'opt.xy:1|c'],
      ['kinded:1|c', 'kinded:2|g'],
      ['dropme:1|c'],
      ['void:1|c', 'voidxx:1|c'],
      ['nest.abab:1|c', 'nest.a:1|c'],
      ['dotxaaa:1|c', 'dot.a:1|c'],
    ],
  },
  {
    title: 'a regular expression for everything',
    mapping: `mappings:\n${rule("match: '.+'", 'match_type: regex', 'name: "$0"', 'labels: {statsd_metric_name: $0}')}`,
    cases: [['my.statsd_counter:1|c'], ['a-b:1|g', 'a.b:1|ms']],
  },
  {
    title: 'histograms',
    mapping: `defaults:
  observer_type: histogram
mappings:
${rule('match: own.*', 'name: own_$1', 'histogram_options: {buckets: [.01, .1, 1]}')}${rule('match: inf', 'name: inf', 'histogram_options: {buckets: [0.1, .inf]}')}${rule('match: none', 'name: none', 'histogram_options: {buckets: []}')}${rule('match: sum.*', 'name: sum_$1', 'observer_type: summary')}${rule('match: native', 'name: native', 'histogram_options: {native_histogram_bucket_factor: 1.1, native_histogram_max_buckets: 10}')}`,
    cases: [
      ['own.a:50|ms', 'own.a:500|ms', 'own.a:5000|ms', 'own.a:10|ms|@0.1', 'own.a:3|ms|@0.001'],
      ['deft:50|ms', 'deft:10|h', 'deft:11|h', 'deft:-1|h', 'deft:nan|h'],
      ['inf:1|h', 'none:1|h'],
      ['sum.x:1|ms'],
      ['tagged:1|ms|#zz:1,aa:2'],
      ['coll:1|ms', 'coll_bucket:1|c', 'coll_sum:1|c', 'coll_count:1|g'],
      ['back_bucket:1|c', 'back:1|ms'],
      ['h:1|ms|#quantile:x'],
    ],
  },
  {
    title: 'summaries',
    mapping: `defaults:
  summary_options: {quantiles: [{quantile: 0.2, error: 0.1}, {quantile: 0.95, error: 0.001}]}
mappings:
${rule('match: one', 'name: one', 'summary_options: {quantiles: [{quantile: 0.95, error: 0.005}]}')}${rule('match: age', 'name: age', 'summary_options: {max_age: 1h, age_buckets: 3, buf_cap: 1000}')}${rule('match: dup', 'name: dup', 'summary_options: {quantiles: [{quantile: 0.9},{quantile: 0.5, error: 0.1},{quantile: 0.9, error: 0.2}]}')}${rule('match: hist', 'name: hist', 'histogram_options: {buckets: [1]}')}`,
    cases: [
      ['one:50|ms', 'age:1|ms', 'dup:2|ms', 'hist:3|ms', 'plain:4|ms'],
      Array.from({ length: 60 }, (_, index) => `one:${(index * 37) % 61}|ms\nage:${(index * 7) % 13}|h`),
    ],
  },
  {
    title: 'no DogStatsD tags',
    flags: ['--no-statsd.parse-dogstatsd-tags'],
    cases: [['dd:1|c|#a:b'], ['de#x=1:1|c|#a:b', 'df:1|c:2|c|#x:y'], ['dg,x=1:1|c', 'dh[x=1]:1|c']],
  },
  {
    title: 'DogStatsD tags alone',
    flags: [
      '--no-statsd.parse-influxdb-tags',
      '--no-statsd.parse-librato-tags',
      '--no-statsd.parse-signalfx-tags',
    ],
    cases: [['foo,a=b:1|c', 'foo#a=b:1|c', 'foo[a=b]:1|c'], ['foo]x:1|c|#a:b']],
  },
  {
    title: 'no InfluxDB tags',
    flags: ['--no-statsd.parse-influxdb-tags'],
    cases: [['ia,a=b:1|c', 'ib#a=b,c=d:1|c', 'ic,x#a=b:1|c']],
  },
  {
    title: 'no Librato tags',
    flags: ['--no-statsd.parse-librato-tags'],
    cases: [['la,a=b:1|c', 'lb#a=b,c=d:1|c']],
  },
];
