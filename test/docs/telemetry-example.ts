import { TELEMETRY_ALARM, telemetryDetector } from '../../src/mapek/index.ts'

const detector = telemetryDetector(300)
for (let minute = 0; minute < 2000; minute++) {
  const delayMs = 20 + 5 * Math.sin(minute / 10) + Math.cos(minute ** 2) + (minute < 1500 ? 0 : 40)
  const score = detector.update(delayMs)
  if (score !== undefined && score >= TELEMETRY_ALARM)
    console.log(`minute ${minute}: ${delayMs.toFixed(0)} ms is unusual, ${score.toFixed(3)}`)
}
