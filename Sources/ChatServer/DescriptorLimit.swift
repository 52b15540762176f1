// Descriptors: every connection is one, and the usual soft limit of 1,024 would make the configured limit a fiction.

internal import Glibc
internal import Logging

enum DescriptorLimit {
    /// Beside the connections: loops, listeners, requests to models, the log.
    private static let others = 512

    /// Raises this process's limit as far as it may be raised, and warns where that is too little for `connections`.
    static func raise(for connections: Int, logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = rlim_t(connections + others)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(wanted, limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        if limit.rlim_cur < wanted {
            logger.warning(
                "too few descriptors for connections-max; raise the hard limit (ulimit -Hn)",
                metadata: ["descriptors": "\(limit.rlim_cur)", "wanted": "\(wanted)"])
        }
    }
}
