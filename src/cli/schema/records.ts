import * as v from 'valibot'
import { shapeOf } from '../../connection/wire/shape.ts'
import { count, errorReport, nodeState, settingKey, settingValue, settings, texts } from '../../connection/wire/shapes.ts'
import { ACCESSES, MTA_NAMES, type NodeRecord } from '../../node/record.ts'
import type { TrustRecord } from '../../node/trust.ts'
import type { HelpPage } from '../help-text.ts'
import { ARCHITECTURES, ARCHIVE_CONTENTS, type MadeArchive } from '../../operations/archive/result.ts'
import type { GroupMembers } from '../../operations/groups/groups.ts'
import type { DeletedKey } from '../../operations/keys/delete.ts'
import type { DamagedKeyUse, KeyUse } from '../../operations/keys/list.ts'
import type { DeletedNode } from '../../operations/nodes/delete.ts'
import type { EditedNode } from '../../operations/nodes/edit.ts'
import type { ListedNode } from '../../operations/nodes/list.ts'
import type { NodeDetails } from '../../operations/nodes/show.ts'
import type { NodeStatus } from '../../operations/nodes/status.ts'
import type { Protected } from '../../operations/profiles/protect.ts'
import type { ProfileDetails } from '../../operations/profiles/show.ts'
import type { Added } from '../../operations/trust/add.ts'
import type { TrustUse } from '../../operations/trust/list.ts'
import type { JournalEntry, NodeGroup, ProfileInfo, StoredKey } from '../../profile/profile.ts'
import { SECRET_PROTECTIONS } from '../../profile/secret-access.ts'
import { exitCode, outcome, synced } from './common.ts'
import type { ResultSchema } from './result.ts'

const access = v.picklist(ACCESSES)
const mta = v.picklist(MTA_NAMES)
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535))
const labels = v.record(v.string(), v.string())

const nodeRecord = shapeOf<NodeRecord>()(
  v.object({
    id: count,
    name: v.string(),
    host: v.string(),
    port: v.exactOptional(port),
    directory: v.string(),
    access,
    mta,
    user: v.exactOptional(v.string()),
    key: v.exactOptional(v.string()),
    sudo: v.boolean(),
    jump: v.exactOptional(v.object({ user: v.string(), host: v.string(), port, key: v.string() })),
    service: v.exactOptional(v.string()),
    addresses: texts,
    labels,
    settings,
    baseRevision: v.exactOptional(count),
    baseRevisionId: v.exactOptional(v.string()),
    createdAt: v.string(),
  }),
)

const trustEntries = {
  endpoint: v.string(),
  kind: v.picklist(['ssh', 'tls']),
  fingerprint: v.string(),
  type: v.exactOptional(v.string()),
  added: v.string(),
  by: v.string(),
  source: v.string(),
}
const trustRecord = shapeOf<TrustRecord>()(v.object(trustEntries))
const trustUse = shapeOf<TrustUse>()(v.object({ ...trustEntries, nodes: texts }))

/** `running`, `stopped`, `absent`, or the outcome of asking. */
const statusWord = v.union([v.picklist(['running', 'stopped', 'absent']), outcome])

const groupEntries = { name: v.string(), nodes: v.string() }
const groupMembers = shapeOf<GroupMembers>()(
  v.object({ ...groupEntries, members: v.array(v.string()), problem: v.exactOptional(v.string()) }),
)

const listedNode = shapeOf<ListedNode>()(
  v.object({
    id: count,
    name: v.string(),
    host: v.string(),
    port: v.exactOptional(port),
    access,
    mta,
    directory: v.string(),
    addresses: texts,
    labels,
    status: v.exactOptional(statusWord),
    synced: v.exactOptional(synced),
    error: v.exactOptional(errorReport),
  }),
)

const nodeStatus = shapeOf<NodeStatus>()(
  v.object({ status: statusWord, synced, state: v.exactOptional(nodeState), error: v.exactOptional(errorReport) }),
)

const nodeDetails = shapeOf<NodeDetails>()(
  v.object({
    node: nodeRecord,
    settings: v.array(
      v.object({ key: settingKey, origin: v.picklist(['node', 'profile', 'mta']), value: v.exactOptional(settingValue) }),
    ),
    trust: v.array(trustUse),
    status: v.exactOptional(nodeStatus),
  }),
)

const keyEntries = {
  name: v.string(),
  type: v.string(),
  fingerprint: v.string(),
  comment: v.string(),
  encrypted: v.boolean(),
  publicLine: v.string(),
}
const storedKey = shapeOf<StoredKey>()(v.object(keyEntries))
const keyUse = shapeOf<KeyUse>()(v.object({ ...keyEntries, usedBy: texts }))
const damagedKeyUse = shapeOf<DamagedKeyUse>()(v.object({ name: v.string(), damaged: v.string(), usedBy: texts }))

const profileEntries = {
  name: v.string(),
  current: v.boolean(),
  nodes: count,
  directory: v.string(),
  secrets: v.picklist(SECRET_PROTECTIONS),
}
const profileInfo = shapeOf<ProfileInfo>()(v.object(profileEntries))

const madeArchive = shapeOf<MadeArchive>()(
  v.object({
    node: v.string(),
    file: v.string(),
    bytes: count,
    contents: v.picklist(ARCHIVE_CONTENTS),
    mta,
    endpoint: v.string(),
    listen: v.exactOptional(v.string()),
    fingerprint: v.exactOptional(v.string()),
    arch: v.exactOptional(v.picklist(ARCHITECTURES)),
  }),
)

const exitCodes = v.array(v.object({ code: exitCode, name: v.string(), when: v.string() }))

const journalEntry = shapeOf<JournalEntry>()(
  v.object({
    at: v.string(),
    by: v.string(),
    verb: v.string(),
    node: v.exactOptional(v.string()),
    outcome,
    orderId: v.exactOptional(v.string()),
    orderIds: v.exactOptional(texts),
    revision: v.exactOptional(count),
    message: v.exactOptional(v.string()),
  }),
)

const added = shapeOf<Added>()(
  v.object({
    endpoint: v.string(),
    accepted: v.array(v.object({ fingerprint: v.string(), type: v.exactOptional(v.string()), source: v.string() })),
    new: count,
  }),
)

/** Commands about what the profile holds. */
export const RECORD_SCHEMAS: Readonly<Record<string, ResultSchema>> = {
  'help/1': {
    title: 'a page of help',
    data: shapeOf<HelpPage>()(v.object({ topic: v.string(), text: v.string(), exitCodes: v.exactOptional(exitCodes) })),
  },
  'groups.delete/1': { title: 'the group that was deleted', data: shapeOf<NodeGroup>()(v.object(groupEntries)) },
  'groups.list/1': { title: 'groups and their members', data: v.array(groupMembers) },
  'groups.set/1': { title: 'the group as it is now', data: groupMembers },
  'journal.list/1': { title: 'entries of the journal, oldest first', data: v.array(journalEntry) },
  'keys.create/1': { title: 'the key that was made', data: storedKey },
  'keys.delete/1': {
    title: 'the key that was deleted; of a damaged one only its name',
    data: shapeOf<DeletedKey>()(
      v.object({ name: v.string(), type: v.exactOptional(v.string()), fingerprint: v.exactOptional(v.string()) }),
    ),
  },
  'keys.import/1': { title: 'the key that was taken in', data: storedKey },
  'keys.list/1': { title: 'stored keys and who uses them', data: v.array(v.union([keyUse, damagedKeyUse])) },
  'keys.show/1': { title: 'one stored key, public part', data: keyUse },
  'nodes.archive/1': { title: 'the archive that was made', data: madeArchive },
  'nodes.create/1': { title: 'the record that was made', data: nodeRecord },
  'nodes.delete/1': {
    title: 'the record that was deleted, identities that are no longer accepted, and groups that named it',
    data: shapeOf<DeletedNode>()(
      v.object({
        node: nodeRecord,
        forgotten: v.array(trustRecord),
        groups: v.array(v.object({ name: v.string(), from: v.string(), to: v.string() })),
      }),
    ),
  },
  'nodes.edit/1': {
    title: 'the record after the change, and what changed',
    data: shapeOf<EditedNode>()(
      v.object({
        node: nodeRecord,
        changes: v.array(v.object({ field: v.string(), from: v.string(), to: v.string() })),
      }),
    ),
  },
  'nodes.list/1': { title: 'nodes with their status', data: v.array(listedNode) },
  'nodes.select/1': { title: 'the nodes of a selection', data: v.array(nodeRecord) },
  'nodes.show/1': { title: 'everything on one node', data: nodeDetails },
  'profiles.create/1': { title: 'the profile that was made', data: profileInfo },
  'profiles.delete/1': { title: 'the profile that was deleted', data: profileInfo },
  'profiles.list/1': { title: 'all profiles', data: v.array(profileInfo) },
  'profiles.protect/1': {
    title: 'a profile whose secrets have another protection now',
    data: shapeOf<Protected>()(v.object({ ...profileEntries, before: v.picklist(SECRET_PROTECTIONS) })),
  },
  'profiles.show/1': {
    title: 'what a profile holds',
    data: shapeOf<ProfileDetails>()(v.object({ ...profileEntries, keys: count, trusted: count, defaults: settings })),
  },
  'profiles.use/1': { title: 'the profile that is in use now', data: profileInfo },
  'trust.add/1': { title: 'identities that are accepted now', data: v.array(added) },
  'trust.list/1': { title: 'accepted identities', data: v.array(trustUse) },
  'trust.remove/1': { title: 'identities that are no longer accepted', data: v.array(trustRecord) },
  'trust.show/1': { title: 'accepted identities of one node or endpoint', data: v.array(trustUse) },
}
