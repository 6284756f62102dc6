// Runs for a moment inside a node's network namespace: sends a Babel packet to a neighbour, again and again because
// the link may lose it, and prints, in hex and a line each, what that neighbour says to all of its neighbours. Plain
// JavaScript, because it starts faster.
import dgram from 'node:dgram'

const AGAIN_MS = 250
const [, , iface, neighbour, request, group, port] = process.argv
const ears = dgram.createSocket({ type: 'udp6', reuseAddr: true })
const mouth = dgram.createSocket('udp6')
ears.on('message', (message, { address }) => {
  if (address.split('%')[0] === neighbour) process.stdout.write(`${message.toString('hex')}\n`)
})
// Bound to the group's address it hears what is meant for all, and takes nothing away from the daemon beside it.
ears.bind({ address: `${group}%${iface}`, port: Number(port) }, () => {
  ears.addMembership(group, `::%${iface}`)
  const ask = () => mouth.send(Buffer.from(request, 'hex'), Number(port), `${neighbour}%${iface}`)
  ask()
  setInterval(ask, AGAIN_MS)
})
