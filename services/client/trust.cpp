#include "services/client/trust.h"

#include <QSslCertificate>

namespace qd::client {

QSslConfiguration tlsTrusting(const QString& caFile)
{
    auto configuration = QSslConfiguration::defaultConfiguration();
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    if (!caFile.isEmpty()) configuration.setCaCertificates(QSslCertificate::fromPath(caFile));
    return configuration;
}

} // namespace qd::client
