#pragma once

#include <optional>

#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/caller.h"
#include "services/client/embedded_backend.h"

namespace qd::test {

constexpr int kWithin = 60'000; ///< ms; a limit, not a wait
inline const QString kBinaries = QStringLiteral(QD_BINARY_DIR "/bin");

inline bool areBuilt()
{
    return QFileInfo::exists(kBinaries + QStringLiteral("/quarterdeckd")) &&
           QFileInfo::exists(kBinaries + QStringLiteral("/quarterdeck-sandbox"));
}

/// The real programs over a small market that is always the same, with their data below `folder`.
inline client::EmbeddedBackend::Options embeddedIn(const QTemporaryDir& folder,
                                                   const QStringList& marketOptions = {})
{
    client::EmbeddedBackend::Options options;
    options.folder = kBinaries;
    options.dataFolder = folder.filePath(QStringLiteral("data"));
    options.marketOptions = {QStringLiteral("--seed"), QStringLiteral("7"),
                             QStringLiteral("--symbols"), QStringLiteral("50")};
    options.marketOptions += marketOptions;
    return options;
}

/// Makes the call and waits for its answer.
template <typename T, typename Call>
client::Answer<T> answerOf(Call call)
{
    std::optional<client::Answer<T>> kept;
    call([&](client::Answer<T> answer) { kept = std::move(answer); });
    if (!QTest::qWaitFor([&] { return kept.has_value(); }, kWithin)) qFatal("no answer");
    return std::move(*kept);
}

} // namespace qd::test
