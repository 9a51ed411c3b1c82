import { seedsHold } from './fifty-seeds.ts'

seedsHold(26, 50)
