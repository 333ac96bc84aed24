import { byHttps } from '../support/accesses.ts'
import { driverContract } from './driver-contract.ts'
import { harakaSubject } from './haraka-subject.ts'

driverContract(harakaSubject(), byHttps())
