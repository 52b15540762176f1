// `chatctl lock`: the verbs about locks.

internal import ArgumentParser

struct LockVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Take, keep, look at and give back locks.",
        discussion: """
            A lock is a lease: it ends after its time to live unless it is renewed. `lock run` and `lock hold` renew \
            it. A lease alone keeps out nobody who was paused past its end: pass the fence to what you write to, and \
            have it refuse a smaller one.
            """,
        subcommands: [
            LockRunVerb.self, LockAcquireVerb.self, LockRenewVerb.self, LockReleaseVerb.self, LockInspectVerb.self,
            LockHoldVerb.self, LockForceReleaseVerb.self,
        ])
}
