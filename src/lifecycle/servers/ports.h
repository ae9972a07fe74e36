// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace caisson::servers {

/// Who listens on a TCP port.
struct PortHolder {
    std::uint16_t port = 0;
    std::string address;  ///< As bound: 127.0.0.1, 0.0.0.0, ::, …
    pid_t process = 0;    ///< 0 when it is not visible: another account's, and we are not root.
    std::string program;  ///< Its name; may be empty.
    uid_t user = 0;       ///< Whose socket it is; always known.

    /// "nginx (process 812)", or as much as is known.
    std::string text() const;
};

/// The listener that would keep us from binding a loopback address to `port`; nothing when it is
/// free. Source: proc(5), /proc/net/tcp and /proc/PID/fd.
std::optional<PortHolder> who_listens(std::uint16_t port);

}  // namespace caisson::servers
