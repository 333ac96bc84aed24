import { bySsh } from '../support/accesses.ts'
import { driverContract } from './driver-contract.ts'
import { postfixSubject } from './postfix-subject.ts'

driverContract(postfixSubject, bySsh())
