// Whatever knocks at the address that a browser is to come back to.
// uses: services/client
#include <cstdint>

#include <QUrlQuery>

#include "models/base/result.h"
#include "services/client/callback_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const QByteArray head(reinterpret_cast<const char*>(bytes), qsizetype(size));
    const auto verdict = qd::client::judgeCallback(head, QStringLiteral("/callback"), 4321);
    if (verdict.status != 200) return 0;
    const QUrlQuery query(verdict.query);
    QD_ASSERT(query.allQueryItemValues(QStringLiteral("state")).size() == 1);
    QD_ASSERT(query.hasQueryItem(QStringLiteral("code")) !=
              query.hasQueryItem(QStringLiteral("error")));
    return 0;
}
