// ESLint rule: nothing that lives as long as the module may change. A change of a module's own variable (or of one
// imported from our files) is reported wherever it is made: assignment, ++, delete, or a method that mutates.

const MUTATORS = new Set([
  ...['set', 'add', 'delete', 'clear'],
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
])

/** The identifier an access chain begins with: `a` of `a.b[c].d`. */
function baseOf(node) {
  let base = node
  while (base.type === 'MemberExpression' || base.type === 'TSNonNullExpression' || base.type === 'TSAsExpression')
    base = base.type === 'MemberExpression' ? base.object : base.expression
  return base.type === 'Identifier' ? base : undefined
}

/** True for a variable of the module itself, or one imported by name from a file of ours; not for functions and classes. */
function livesLong(variable) {
  return variable.defs.some((def) => {
    if (def.type === 'Variable') return variable.scope.type === 'module' || variable.scope.type === 'global'
    if (def.type !== 'ImportBinding' || def.node.type === 'ImportNamespaceSpecifier') return false
    return def.parent.source.value.startsWith('.')
  })
}

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { state: 'no module state: "{{name}}" outlives the call; pass it in the Context' },
  },
  create(context) {
    const variableOf = (identifier) => {
      for (let scope = context.sourceCode.getScope(identifier); scope !== null; scope = scope.upper) {
        const variable = scope.set.get(identifier.name)
        if (variable !== undefined) return variable
      }
      return undefined
    }
    const check = (target, node) => {
      const identifier = baseOf(target)
      const variable = identifier && variableOf(identifier)
      if (variable !== undefined && livesLong(variable))
        context.report({ node, messageId: 'state', data: { name: identifier.name } })
    }
    return {
      AssignmentExpression: (node) => check(node.left, node),
      UpdateExpression: (node) => check(node.argument, node),
      UnaryExpression: (node) => node.operator === 'delete' && check(node.argument, node),
      CallExpression(node) {
        const { callee } = node
        const method = callee.type === 'MemberExpression' && !callee.computed ? callee.property.name : undefined
        if (method !== undefined && MUTATORS.has(method)) check(callee.object, node)
        if (callee.type === 'MemberExpression' && baseOf(callee)?.name === 'Object' && callee.property.name === 'assign')
          if (node.arguments[0] !== undefined) check(node.arguments[0], node)
      },
      'Program > VariableDeclaration[kind!="const"], Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]'(
        node,
      ) {
        const [first] = node.declarations
        if (node.declare !== true)
          context.report({ node, messageId: 'state', data: { name: context.sourceCode.getText(first.id) } })
      },
      'PropertyDefinition[static=true]:not([readonly=true]):not([override=true])'(node) {
        context.report({ node, messageId: 'state', data: { name: `static ${context.sourceCode.getText(node.key)}` } })
      },
    }
  },
}
