import { seedsHold } from './fifty-seeds.ts'

seedsHold(1, 25)
