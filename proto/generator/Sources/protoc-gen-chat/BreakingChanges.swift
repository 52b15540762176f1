// Compares two versions of the .proto files: what callers of the old one rely on must still be there.

struct BreakingChanges {
    /// One sentence a change that breaks callers; empty when there is none.
    static func between(_ old: Schema, and new: Schema) -> [String] {
        var problems: [String] = []
        let newMessages = new.messages
        for message in old.files.flatMap(\.messages) {
            guard let newer = newMessages[message.fullName] else {
                problems.append("message \(message.fullName) was removed")
                continue
            }
            problems += compare(message, newer)
        }
        let newEnums = new.enums
        for value in old.enums.values.sorted(by: { $0.fullName < $1.fullName }) {
            guard let newer = newEnums[value.fullName] else {
                problems.append("enum \(value.fullName) was removed")
                continue
            }
            for item in value.values where !newer.values.contains(where: { $0.number == item.number }) {
                problems.append("value \(item.number) (\(item.name)) of \(value.fullName) was removed or renumbered")
            }
        }
        let newServices = Dictionary(uniqueKeysWithValues: new.files.flatMap(\.services).map { ($0.fullName, $0) })
        for service in old.files.flatMap(\.services) {
            guard let newer = newServices[service.fullName] else {
                problems.append("service \(service.fullName) was removed")
                continue
            }
            for method in service.methods { problems += compare(method, of: service, newer) }
        }
        return problems
    }

    private static func compare(_ old: MessageSchema, _ new: MessageSchema) -> [String] {
        old.fields.compactMap { field in
            let name = "\(old.fullName).\(field.name)"
            guard let newer = new.fields.first(where: { $0.number == field.number }) else {
                return "field \(name) = \(field.number) was removed or renumbered"
            }
            guard newer.name == field.name else {
                return "field \(name) = \(field.number) was renamed to \(newer.name)"
            }
            guard newer.type == field.type, newer.isRepeated == field.isRepeated else {
                return "field \(name) = \(field.number) has another type now"
            }
            let wasAlone = field.oneof.map { old.members(ofOneof: $0).count } ?? 0
            let isAlone = newer.oneof.map { new.members(ofOneof: $0).count } ?? 0
            guard (wasAlone > 0) == (isAlone > 0), isAlone >= wasAlone else {
                return "field \(name) = \(field.number) moved into or out of a oneof"
            }
            return nil
        }
    }

    private static func compare(_ old: MethodSchema, of service: ServiceSchema, _ new: ServiceSchema) -> [String] {
        let name = "\(service.fullName)/\(old.name)"
        guard let newer = new.methods.first(where: { $0.name == old.name }) else {
            return ["method \(name) was removed"]
        }
        guard newer.input == old.input, newer.output == old.output,
            newer.isServerStreaming == old.isServerStreaming
        else { return ["method \(name) has another request, reply or shape now"] }
        return []
    }
}
