// What the demo does, step by step: a line as an operator would type it, the exit code it must end with, and what must
// be true afterwards. A check looks at files and processes where it can, not only at what akctl printed.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { answers, waitFor } from './stage.mjs'

/**
 * @typedef {{ title: string } | { line: string, exit?: number, shows?: RegExp[], check?: () => void | Promise<void> }} Step
 * @typedef {ReturnType<typeof told>} Tale
 * @param {import('./stage.mjs').Stage} stage
 * @param {string} fingerprint of the sshd's host key
 * @returns {Step[]}
 */
export function story(stage, fingerprint) {
  const tale = told(stage, fingerprint)
  return [keysAndNodes, prepared, settings, handEdits, archive, plan, waves, end].flatMap((chapter) => chapter(tale))
}

/** What the chapters have in common: where things are, and how to look at them. */
function told({ folder, ports, mails }, fingerprint) {
  const file = (name) => readFileSync(`${folder}/${name}`, 'utf8')
  return {
    folder,
    ports,
    fingerprint,
    file,
    postconf: (name) =>
      execFileSync('postconf', ['-c', `${folder}/mx1/akctl/live/conf`, '-h', name], { encoding: 'utf8' }).trim(),
    haraka: (node) => file(`${node}/akctl/live/conf/config/outbound.ini`),
    send: (node, port) => ({
      line: `smtp-source -f news@example.com -t you@example.net -S 'Hello by ${node}' 127.0.0.1:${port}`,
      check: () =>
        waitFor(
          `the mail sent through ${node} is in the sink`,
          () => mails().some((mail) => mail.includes(`Hello by ${node}`)),
          20,
        ),
    }),
  }
}

/** A key, and two nodes. @param {Tale} tale @returns {Step[]} */
function keysAndNodes({ folder, ports, file }) {
  return [
    { title: 'A key for akctl; its public part goes to the server.' },
    {
      line: 'akctl keys create demo',
      check: () => must(isOpensshKey(`${folder}/profile`), 'the private key is an OpenSSH file'),
    },
    {
      line: 'akctl keys show demo -o tsv >>authorized_keys',
      check: () => must(/^ssh-ed25519 /m.test(file('authorized_keys')), 'the public line is an ed25519 key'),
    },

    { title: 'Two nodes: Postfix on a server reached over SSH, Haraka on this machine.' },
    {
      line: `akctl nodes create mx1 --host 127.0.0.1 --port ${ports.ssh} --user root --key demo --dir ${folder}/mx1 --mta postfix --label role=relay`,
    },
    { line: `akctl nodes create mx2 --access local --dir ${folder}/mx2 --mta haraka --label role=relay` },
  ]
}

/** From an unknown server to two prepared directories. @param {Tale} tale @returns {Step[]} */
function prepared({ folder, ports, fingerprint }) {
  return [
    { title: 'The server is not known yet: no credential is sent, and nothing is done.' },
    {
      line: 'akctl nodes install mx1',
      exit: 5,
      shows: [new RegExp(escape(fingerprint))],
      check: () => must(!existsSync(`${folder}/mx1/base`), 'nothing was installed'),
    },
    { line: `akctl trust add mx1 --fingerprint ${fingerprint}` },
    { line: 'akctl nodes test mx1', shows: [/identity/i] },

    { title: 'Both directories are prepared.' },
    {
      line: `akctl nodes install mx1 --smtp-listen 127.0.0.1:${ports.mx1} --hostname mx1.example.com`,
      check: () => must(existsSync(`${folder}/mx1/base/main.cf`), 'the base of mx1 is there'),
    },
    {
      line: `akctl nodes install mx2 --smtp-listen 127.0.0.1:${ports.mx2} --hostname mx2.example.com`,
      check: () => must(existsSync(`${folder}/mx2/base/config/smtp.ini`), 'the base of mx2 is there'),
    },

    { title: "The base is the operator's own configuration: here all mail goes to the demo's sink." },
    { line: `echo 'relayhost = [127.0.0.1]:${ports.sink}' >>mx1/base/main.cf` },
    { line: `echo 'any={"nexthop":"127.0.0.1:${ports.sink}"}' >>mx2/base/config/relay_dest_domains.ini` },
    { line: 'akctl nodes list', shows: [/mx1.*stopped/, /mx2.*stopped/] },
  ]
}

/** Settings, a start, and a mail through each MTA. @param {Tale} tale @returns {Step[]} */
function settings({ ports, postconf, send }) {
  return [
    { title: 'Settings are kept here, compared, and pushed when asked.' },
    { line: 'akctl settings set mx1 mx2 esmtp-connection-timeout=20s spool-channel-size=50', shows: [/not synced/] },
    { line: 'akctl mta diff mx1', exit: 10, shows: [/smtp_connect_timeout = 20/] },
    { line: 'akctl mta sync mx1 mx2', check: () => must(postconf('smtp_connect_timeout') === '20s', 'Postfix has the timeout') },
    { line: 'akctl mta start mx1 mx2', check: () => Promise.all([listens(ports.mx1), listens(ports.mx2)]) },
    { line: 'akctl nodes list', shows: [/mx1.*running\s+yes/, /mx2.*running\s+yes/] },

    { title: 'A mail through each MTA; both arrive in the sink.' },
    send('mx1', ports.mx1),
    send('mx2', ports.mx2),
    { line: "grep -h '^Subject' sink/*", shows: [/Hello by mx1/, /Hello by mx2/] },
    { line: 'akctl node logs mx1 mx2 -n 4', shows: [/mx1/, /mx2/] },
  ]
}

/** An edit by hand, and a change that is taken back. @param {Tale} tale @returns {Step[]} */
function handEdits({ postconf }) {
  return [
    { title: 'Somebody edits a file by hand; akctl finds it, shows it, and puts it right.' },
    {
      line: 'sed -i s/^smtp_connect_timeout.*/smtp_connect_timeout=5s/ mx1/akctl/live/conf/main.cf',
      check: () => must(postconf('smtp_connect_timeout') === '5s', 'the edit is there'),
    },
    { line: 'akctl mta status mx1 mx2 --expect running,synced', exit: 10, shows: [/mx1.*edited/, /mx2.*yes/] },
    { line: 'akctl mta diff mx1', exit: 10, shows: [/-.*smtp_connect_timeout *= *5s/] },
    { line: 'akctl mta sync mx1', check: () => must(postconf('smtp_connect_timeout') === '20s', 'the timeout is as set again') },

    { title: 'A change that was not so good is taken back.' },
    {
      line: 'akctl settings set mx1 esmtp-connection-timeout=1s --sync',
      check: () => must(postconf('smtp_connect_timeout') === '1s', 'the new timeout is there'),
    },
    {
      line: 'akctl mta rollback mx1',
      check: () => must(postconf('smtp_connect_timeout') === '20s', 'the timeout is the one before'),
    },
  ]
}

/** A node behind its agent. @param {Tale} tale @returns {Step[]} */
function archive({ folder, ports, file, haraka, send }) {
  return [
    { title: 'A third node that no SSH reaches: an archive with Haraka, Node.js and an agent, unpacked where it shall run.' },
    {
      line: `akctl nodes create mx3 --host 127.0.0.1 --port ${ports.agent} --access https --dir ${folder}/mx3 --mta haraka`,
    },
    {
      line: `akctl nodes archive mx3 --out mx3.tar.gz --listen 127.0.0.1:${ports.agent} --smtp-listen 127.0.0.1:${ports.mx3} --hostname mx3.example.com`,
      check: () => must(!file('mx3.tar.gz').includes('akctl_'), 'the key itself is not in the archive'),
    },
    { line: 'mkdir mx3 && tar -xzf mx3.tar.gz -C mx3' },
    {
      line: `env -i mx3/bin/node -d --https --config=${folder}/mx3/conf/`,
      check: () => must(existsSync(`${folder}/mx3/base/config/smtp.ini`), 'the base of mx3 is there'),
    },
    { line: `echo 'any={"nexthop":"127.0.0.1:${ports.sink}"}' >>mx3/base/config/relay_dest_domains.ini` },
    { line: 'akctl nodes test mx3', shows: [/identity/i] },
    { line: 'akctl settings set mx3 esmtp-connection-timeout=20s --sync' },
    {
      line: 'akctl mta start mx3',
      check: () => must(haraka('mx3').includes('connect_timeout=20'), 'Haraka has the timeout'),
    },
    send('mx3', ports.mx3),
    { line: 'akctl nodes list', shows: [/mx3.*https.*running\s+yes/] },
  ]
}

/** A plan of the whole fleet. @param {Tale} tale @returns {Step[]} */
function plan({ file, postconf }) {
  return [
    { title: 'The fleet in a file: the change is planned, reviewed, and then exactly that is done.' },
    { line: 'akctl fleet export -f fleet.yaml', check: () => must(file('fleet.yaml').includes('mx3:'), 'the nodes are in it') },
    { line: 'sed -i s/esmtp-connection-timeout:.*/esmtp-connection-timeout:\\ 15s/ fleet.yaml' },
    {
      line: 'akctl fleet plan -f fleet.yaml --out plan.json --detailed-exitcode',
      exit: 10,
      shows: [/3 to change/, /mx1 +change +esmtp-connection-timeout/],
      check: () => must(postconf('smtp_connect_timeout') === '20s', 'a plan changes nothing'),
    },
  ]
}

/** Waves, a gate, and the way back. @param {Tale} tale @returns {Step[]} */
function waves({ ports, postconf, haraka }) {
  return [
    { title: 'One node a wave. With its base, mx2 gets a plugin that ends Haraka after 3 s: the gate finds it, all goes back.' },
    {
      line: "echo 'exports.register = () => setTimeout(() => process.exit(1), 3000)' >mx2/base/plugins/bad.js; echo bad >>mx2/base/config/plugins",
    },
    {
      line: 'akctl fleet apply plan.json --serial 1 --pause-between 5s --gate-timeout 2s --on-failure rollback',
      exit: 1,
      shows: [
        /mx1 +failed .*put back/,
        /mx2: did not pass the health gate/,
        /mx3.*skipped/,
        /put back to what they had before this run: mx\[1-2\]/,
      ],
      check: async () => {
        must(postconf('smtp_connect_timeout') === '20s', 'mx1 has the timeout from before')
        must(haraka('mx2').includes('connect_timeout=20'), 'mx2 has the timeout from before')
        await Promise.all([listens(ports.mx1), listens(ports.mx2), listens(ports.mx3)])
      },
    },
    { line: 'akctl mta status mx[1-3]', shows: [/mx1.*running/, /mx2.*running/, /mx3.*running/] },

    { title: 'Without the plugin all waves pass. Applied again, it does nothing.' },
    { line: 'sed -i /^bad$/d mx2/base/config/plugins' },
    {
      line: 'akctl fleet apply -f fleet.yaml --serial 1,100%',
      check: () => {
        must(postconf('smtp_connect_timeout') === '15s', 'Postfix has the new timeout')
        for (const node of ['mx2', 'mx3']) must(haraka(node).includes('connect_timeout=15'), `${node} has the new timeout`)
      },
    },
    { line: 'akctl fleet plan -f fleet.yaml --detailed-exitcode', shows: [/no differences/] },
  ]
}

/** What is left when all is over. @param {Tale} tale @returns {Step[]} */
function end({ folder, ports }) {
  return [
    { title: 'The end: stop, and forget the nodes. What is on the servers stays.' },
    {
      line: 'akctl mta stop mx1 mx2 mx3',
      check: () => Promise.all([listensNot(ports.mx1), listensNot(ports.mx2), listensNot(ports.mx3)]),
    },
    {
      line: 'kill $(cat mx3/run/agent.pid)',
      check: () => waitFor('the agent has ended', async () => !(await answers(ports.agent))),
    },
    {
      line: 'akctl nodes delete mx1 --yes',
      check: () => must(existsSync(`${folder}/mx1/base/main.cf`), "the server's files are still there"),
    },
    { line: 'akctl nodes delete mx2 --yes' },
    { line: 'akctl nodes delete mx3 --yes' },
    { line: 'akctl journal list -n 14', shows: [/mta rollback/, /mta sync/, /mta stop/] },
  ]
}

/** @throws Error naming what is not so */
function must(so, what) {
  if (!so) throw new Error(`not so: ${what}`)
}

async function listens(port) {
  must(await answers(port), `something listens on 127.0.0.1:${port}`)
}

async function listensNot(port) {
  must(!(await answers(port)), `nothing listens on 127.0.0.1:${port} any more`)
}

function isOpensshKey(profile) {
  const found = execFileSync('grep', ['-rl', 'BEGIN OPENSSH PRIVATE KEY', profile], { encoding: 'utf8' }).trim().split('\n')
  return (
    found.length === 1 &&
    execFileSync('ssh-keygen', ['-y', '-P', '', '-f', found[0]], { encoding: 'utf8' }).startsWith('ssh-ed25519 ')
  )
}

function escape(words) {
  return words.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
