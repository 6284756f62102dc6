// Runs for a moment inside a node's network namespace: binds the probe sockets there and hands them to its
// parent, which cannot enter the namespace itself. Plain JavaScript, because it starts faster. A socket keeps the
// namespace that it was made in. This process has to end afterwards: its copies would take packets away.
import dgram from 'node:dgram'
import os from 'node:os'

// The port of the main socket, or 0 where there is one already; then the interfaces that have a socket already.
const [, , port, ...served] = process.argv
const places = port === '0' ? [] : [{ address: '::', port: Number(port) }]
for (const [iface, addresses] of Object.entries(os.networkInterfaces())) {
  if (served.includes(iface)) continue
  // Bound to a link-local address, a socket sends out of that interface and of no other.
  const local = addresses.find((address) => address.family === 'IPv6' && address.scopeid > 0)
  if (local) places.push({ address: `${local.address}%${iface}`, port: 0, iface, index: local.scopeid })
}

function bind(place, onBound) {
  const socket = dgram.createSocket({ type: 'udp6' })
  socket.once('error', () => (place.port === 0 ? onBound(undefined) : bind({ ...place, port: 0 }, onBound)))
  socket.bind({ address: place.address, port: place.port, exclusive: true }, () => {
    // What goes to all neighbours is not for the node itself.
    socket.setMulticastLoopback(false)
    onBound(socket)
  })
}

process.on('message', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
let left = places.length
if (left === 0) process.send({ end: true })
for (const place of places) {
  bind(place, (socket) => {
    if (socket) {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      process.send({ iface: place.iface, index: place.index, port: socket.address().port }, socket)
    }
    if (--left === 0) process.send({ end: true })
  })
}
