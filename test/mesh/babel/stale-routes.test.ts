// The rule: what a killed daemon left in the kernel gives way to the routes of its successor and is lost by none.
import { expect, test } from 'vitest'
import { demotion } from '../../../src/mesh/drivers/babel/host/stale-routes.ts'

test('every route is there once more under the stale metric before the old one goes', () => {
  const shown = [
    'fd00::1 via fe80::1 dev l1 metric 1024 onlink pref medium',
    'fd00::2 via fe80::2 dev l0 table 7 metric 99 onlink pref medium',
    '10.0.0.1 via 10.0.0.9 dev l0 onlink',
    '',
  ].join('\n')
  expect(demotion(shown).split('\n')).toEqual([
    'route replace fd00::1 via fe80::1 dev l1 onlink proto 42 metric 60000',
    'route del fd00::1 via fe80::1 dev l1 onlink proto 42 metric 1024',
    'route replace fd00::2 via fe80::2 dev l0 table 7 onlink proto 42 metric 60000',
    'route del fd00::2 via fe80::2 dev l0 table 7 onlink proto 42 metric 99',
    'route replace 10.0.0.1 via 10.0.0.9 dev l0 onlink proto 42 metric 60000',
    'route del 10.0.0.1 via 10.0.0.9 dev l0 onlink proto 42',
    '',
  ])
})

test('a route that says unreachable only goes', () => {
  const shown = 'unreachable fd00::3 dev lo metric 4294967295 pref medium\n'
  expect(demotion(shown)).toBe('route del unreachable fd00::3 dev lo proto 42 metric 4294967295\n')
})

test('what an earlier restart has left stays as it is', () => {
  expect(demotion('fd00::1 via fe80::1 dev l1 metric 60000 onlink pref medium\n')).toBe('')
  expect(demotion('')).toBe('')
})
