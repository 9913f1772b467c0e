#pragma once

#include <QDialog>

#include "services/client/people_api.h"
#include "ui/people/card.h"
#include "ui/widgets/qr_code.h"

class QStackedLayout;

namespace qd::ui {

/// Sets up an authenticator: its secret as a QR code and as text, a first code, then the recovery
/// codes. Secret and codes are shown once and are gone with the dialog.
class TotpDialog final : public QDialog {
    Q_OBJECT
public:
    TotpDialog(const Theme& theme, client::Caller& caller, QWidget* parent);

Q_SIGNALS:
    void enrolled();

private:
    void takeSecretText(const client::Answer<std::shared_ptr<client::TotpFacts>>& totp);
    void confirm();
    void showRecoveryCodes(const std::vector<std::string>& codes);

    client::PeopleApi m_people;
    QStackedLayout* m_steps;
    Card *m_first, *m_second;
    QrCode* m_square;
    TextLabel* m_secret;
    Field* m_code;
    TextLabel* m_codes;
    QString m_uri, m_codesText;
};

} // namespace qd::ui
