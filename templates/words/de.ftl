### Was Seiten und Mails auf Deutsch sagen.

## Auf jeder Seite

foot = Sie sind auf <strong>{ $host }</strong>
person = Sie sind <strong>{ $username }</strong>
error-prefix = Fehler:
or = oder
continue = Weiter
go-on = Weiter
cancel = Abbrechen
confirm = Bestätigen
save = Speichern
rename = Umbenennen
allow = Erlauben
deny = Nicht erlauben
sign-in = Anmelden
sign-in-again = Wieder anmelden
sign-out = Abmelden
sign-out-named = Abmelden <span class="unseen">{ $name }</span>
remove-named = Entfernen <span class="unseen">{ $name }</span>
username = Benutzername
password = Passwort
by-mail = Per E-Mail anmelden
look-into-mail = Sehen Sie in Ihr Postfach
none-yet = Noch keine.
this-browser = Dieser Browser
new-browser = Neuer Browser
while-away = Auch in Ihrer Abwesenheit
active = Aktiv: { $when }
since = Seit: { $when }
ends = Endet: { $when }
added = Hinzugefügt: { $when }
used = Benutzt: { $when }
not-used = Noch nicht benutzt
last-used = Zuletzt benutzt: { $when }

## Zeiten

month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
on-today = heute, { $clock }
on-yesterday = gestern, { $clock }
on-tomorrow = morgen, { $clock }
on-date = { $day }. { month }, { $clock }
on-date-of-year = { $day }. { month } { $year }, { $clock }
at-today = heute um { $clock } Uhr (UTC)
at-yesterday = gestern um { $clock } Uhr (UTC)
at-tomorrow = morgen um { $clock } Uhr (UTC)
at-date = am { $day }. { month } um { $clock } Uhr (UTC)
at-date-of-year = am { $day }. { month } { $year } um { $clock } Uhr (UTC)
moment = { $day }. { month } { $year }, { $clock } Uhr (UTC)
just-now = gerade eben
minutes-ago = { $n ->
    [one] vor { $n } Minute
   *[other] vor { $n } Minuten
}
hours-ago = { $n ->
    [one] vor { $n } Stunde
   *[other] vor { $n } Stunden
}
days-ago = { $n ->
    [one] vor { $n } Tag
   *[other] vor { $n } Tagen
}
seconds-long = { $n ->
    [one] { $n } Sekunde
   *[other] { $n } Sekunden
}
minutes-long = { $n ->
    [one] { $n } Minute
   *[other] { $n } Minuten
}
hours-long = { $n ->
    [one] { $n } Stunde
   *[other] { $n } Stunden
}
days-long = { $n ->
    [one] { $n } Tag
   *[other] { $n } Tage
}
too-long = zu lange Zeit

## Orte und Geräte

place = { $city }, { $country }
device = { $browser } auf { $system }
device-unknown = Unbekanntes Gerät
address-unknown = Adresse unbekannt
some-app = Eine App

## Anmelden

login-confirm = Bestätigen Sie, dass Sie es sind
login-client = weiter zu <strong>{ $client }</strong>
login-own = um Ihre Sitzungen zu sehen und zu verwalten
login-by-address = Mit einer E-Mail-Adresse Ihrer Organisation können Sie dieses Feld leer lassen.
login-stay = Auf diesem Gerät angemeldet bleiben <span class="small">bis zu { $longest }; nicht auf gemeinsam benutzten Geräten</span>
login-passkey = Mit einem Passkey anmelden
login-passkey-failed = Ihr Browser hat keinen Passkey geliefert. Versuchen Sie es noch einmal oder melden Sie sich mit Ihrem Passwort an.
login-forgot = Passwort vergessen?
login-others = Andere Wege, sich anzumelden
login-provider = Anmelden mit { $provider }
login-expired = Diese Seite war zu lange offen, deshalb wurde nichts gesendet. Bitte melden Sie sich jetzt an.
login-wrong = Benutzername und Passwort passen nicht zusammen.
login-wrong-passkey = Dieser Passkey hat hier nicht funktioniert. Versuchen Sie es noch einmal oder melden Sie sich mit Ihrem Passwort an.
login-stale = Ihre Anmeldung liegt eine Weile zurück. Geben Sie Ihr Passwort ein, dann geht es weiter.
login-undone = Ihre Anmeldung liegt eine Weile zurück, deshalb wurde noch nichts geändert. Geben Sie Ihr Passwort ein, dann sind Sie wieder dort, wo Sie waren.
login-full = Sie sind schon auf so vielen Geräten angemeldet, wie erlaubt sind. Melden Sie sich zuerst auf einem davon ab.
login-barred = Sie können sich hier nicht anmelden.
login-away = Das hat nicht funktioniert. Das Verzeichnis, über das sich die meisten anmelden, ist gerade nicht erreichbar. Prüfen Sie Ihre Eingabe oder versuchen Sie es in einer Minute wieder.
too-many-seconds = { $n ->
    [one] Das waren zu viele Versuche. Versuchen Sie es in einer Sekunde wieder.
   *[other] Das waren zu viele Versuche. Versuchen Sie es in { $n } Sekunden wieder.
}
too-many-minutes = { $n ->
    [one] Das waren zu viele Versuche. Versuchen Sie es in { $n } Minute wieder.
   *[other] Das waren zu viele Versuche. Versuchen Sie es in { $n } Minuten wieder.
}
mail-code-sent = Wenn die Anmeldung per E-Mail für dieses Konto möglich ist, ist ein Code unterwegs. Er gilt zehn Minuten, einmal, in diesem Browser.
mail-code-client = Geben Sie Ihren Benutzernamen ein, um zu <strong>{ $client }</strong> zu gelangen. Wir schicken Ihnen einen Code.
mail-code-own = Geben Sie Ihren Benutzernamen ein. Wir schicken Ihnen einen Code.
mail-code-code = Code aus der E-Mail
mail-code-send = Code zuschicken
mail-code-other = Auf anderem Weg anmelden
mail-code-wrong = Dieser Code passt nicht. Er gilt zehn Minuten, einmal, in dem Browser, der ihn angefordert hat.

## Anmelden über andere

sso-unreachable = Dieser Anbieter ist gerade nicht erreichbar. Versuchen Sie es später wieder oder melden Sie sich auf anderem Weg an.
sso-cancelled = Sie haben sich bei { $provider } nicht angemeldet.
sso-disbelieved = Die Anmeldung bei { $provider } hat nicht funktioniert. Versuchen Sie es noch einmal oder melden Sie sich auf anderem Weg an.
sso-unmet = { $provider } hat nicht gezeigt, dass Sie sich gerade eben angemeldet haben, oder nicht so sicher, wie es hier verlangt wird.
sso-stranger = Zu diesem Konto bei { $provider } gibt es hier niemanden. Lassen Sie sich zuerst ein Konto geben.
sso-taken = Dieses Konto bei { $provider } gehört hier schon jemand anderem.
sso-not-linked = Es wurde nichts verknüpft

## Der zweite Faktor

factor-title = Noch ein Schritt
factor-passkey = Passkey verwenden
factor-passkey-failed = Ihr Browser hat keinen Passkey geliefert. Versuchen Sie es noch einmal.
factor-passkey-failed-or-code = Ihr Browser hat keinen Passkey geliefert. Versuchen Sie es noch einmal oder geben Sie einen Code ein.
factor-app-code = Code aus Ihrer Authenticator-App
factor-recovery-code = Wiederherstellungscode
factor-digits = Sechs Ziffern.
factor-digits-or-recovery = Sechs Ziffern oder einer Ihrer Wiederherstellungscodes.
factor-once = Jeder davon gilt nur einmal.
factor-switch = Als jemand anderes anmelden
factor-wrong = Das hat nicht funktioniert. Jeder Code gilt einmal und nur kurze Zeit: Nehmen Sie den nächsten.
factor-app = Authenticator-App
passkey-no-script = Ein Passkey braucht JavaScript. Schalten Sie es für diese Seite ein.
passkey-add = Passkey hinzufügen
app-add = App hinzufügen
enrol-title = Schützen Sie Ihr Konto
enrol-client = <strong>{ $client }</strong> verlangt mehr als ein Passwort.
enrol-own = Sie brauchen mehr als ein Passwort.
enrol-either = Fügen Sie jetzt eines davon hinzu; es dauert nur eine Minute.
enrol-app-now = Fügen Sie jetzt eine Authenticator-App hinzu; es dauert nur eine Minute.
enrol-passkey-now = Fügen Sie jetzt einen Passkey hinzu; es dauert nur eine Minute.
enrol-passkey = Ein Passkey
enrol-passkey-lead = Ihr Gerät bewahrt ihn auf: Sie entsperren ihn wie das Gerät selbst, und niemand kann ihn Ihnen ablisten.
enrol-passkey-failed = Ihr Browser hat keinen Passkey erstellt. Bitte versuchen Sie es noch einmal.
enrol-app = Eine Authenticator-App
app-offer-scan = Scannen Sie dieses Bild mit einer Authenticator-App.
app-offer-picture = Bild für die Kamera einer Authenticator-App
app-offer-open = Öffnen Sie die App auf diesem Gerät
app-offer-no-camera = Keine Kamera? { $open } oder geben Sie dort diesen Schlüssel ein:
app-offer-code = Geben Sie die sechs Ziffern ein, die sie anzeigt
app-wrong = Dieser Code passt nicht. Warten Sie in der App auf den nächsten und geben Sie ihn ein.
passkey-wrong = Es wurde kein Passkey hinzugefügt. Bitte versuchen Sie es noch einmal.

## Zu viele Sitzungen

limit-title = Wählen Sie, wo Sie sich abmelden
limit-client = { $client } ist an zu vielen Orten geöffnet
limit-client-lead = { $least ->
    [1] Wählen Sie, wo die App geschlossen wird. Dann öffnet sie sich hier.
   *[other] Wählen Sie mindestens { $least } Orte, an denen die App geschlossen wird. Dann öffnet sie sich hier.
}
limit-client-places = Wo sie geöffnet ist; am längsten unbenutzt zuletzt
limit-client-go = Dort schließen und weiter
limit-own = Sie sind auf zu vielen Geräten angemeldet
limit-own-lead = { $least ->
    [1] Wählen Sie, wo Sie sich abmelden. Dann sind Sie hier angemeldet.
   *[other] Wählen Sie mindestens { $least } Geräte, auf denen Sie sich abmelden. Dann sind Sie hier angemeldet.
}
limit-own-places = Wo Sie angemeldet sind; am längsten unbenutzt zuletzt
limit-own-go = Dort abmelden und weiter
limit-more = Das reicht noch nicht: Wählen Sie mehr aus.

## Zustimmung

consent-title = { $client } erlauben
consent-heading = Darf { $client } Ihr Konto benutzen?
consent-owner = Die App gehört zu { $owner }.
consent-person = Angemeldet als <strong>{ $username }</strong>
consent-switch = Nicht Sie? Als jemand anderes anmelden
consent-may = Die App darf dann
consent-claims = Sehen: { $claims }
consent-offline = Den Zugriff behalten, auch wenn Sie nicht da sind
consent-resources = Zur Verwendung bei
consent-says = Was { $client } über sich sagt:
consent-policy = Datenschutzerklärung
consent-terms = Nutzungsbedingungen
consent-lasts = Das gilt, bis Sie sich abmelden, höchstens { $longest }. Sie können es jederzeit in Ihrem Konto zurücknehmen.
consent-lasts-away = Das gilt, bis Sie es zurücknehmen, höchstens { $longest }. Sie können es jederzeit in Ihrem Konto zurücknehmen.
scope-openid = Wissen, wer Sie sind
scope-profile = Ihren Namen und Ihr Profil sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Anschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-roles = Ihre Rollen sehen
scope-admin = Diesen Server verwalten
scope-admin-read = Alles auf diesem Server lesen
claim-name = Name
claim-given-name = Vorname
claim-family-name = Nachname
claim-middle-name = zweiter Vorname
claim-nickname = Spitzname
claim-preferred-username = bevorzugter Benutzername
claim-profile = Profilseite
claim-picture = Bild
claim-website = Webseite
claim-gender = Geschlecht
claim-birthdate = Geburtsdatum
claim-zoneinfo = Zeitzone
claim-locale = Sprache
claim-updated-at = letzte Änderung
claim-email = E-Mail-Adresse
claim-email-verified = ob die E-Mail-Adresse bestätigt ist
claim-address = Anschrift
claim-phone-number = Telefonnummer
claim-phone-number-verified = ob die Telefonnummer bestätigt ist
claim-roles = Rollen

## Das Konto

account-title = Ihr Konto
account-back = Zurück zu Ihrem Konto
nav-sessions = Sitzungen
nav-security = Anmeldung
nav-apps = Apps
nav-identities = Andere Konten
account-sessions = Wo Sie angemeldet sind
account-sessions-lead = Beenden Sie jede Sitzung, die Sie nicht kennen. Das wirkt in wenigen Sekunden.
account-apps = Apps in dieser Sitzung
account-end-others = Alle anderen abmelden
account-end-all = Überall abmelden
account-recent = Was zuletzt geschah
account-recent-lead = Die letzten 30 Tage, Neues zuerst. Alle Zeiten in UTC.
account-nothing = Noch nichts.
account-ended = Beendete Sitzungen
account-ended-lead = Und warum jede davon endete.
badge-country = Anderes Land
badge-travel = Unmögliche Reise

## Apps

apps-title = Ihre Apps
apps-heading = Apps mit Zugriff auf Ihr Konto
apps-lead = Wenn Sie eine entfernen, ist sie sofort abgemeldet und muss Sie erneut fragen.
apps-allowed = Von Ihnen erlaubt: { $when }
apps-since = In Gebrauch seit: { $when }
apps-sessions = { $n ->
    [one] In { $n } Sitzung
   *[other] In { $n } Sitzungen
}
apps-idle = Zurzeit nicht in Gebrauch
apps-scopes = Was sie benutzen darf
apps-none = Noch keine. Wenn Sie sich bei einer App anmelden, erscheint sie hier.

## Andere Konten

identities-title = Ihre anderen Anmeldungen
identities-heading = Andere Konten, mit denen Sie sich anmelden
identities-lead = Wenn Sie eines entfernen, können Sie sich damit nicht mehr anmelden.
identities-add = Weiteres hinzufügen
identities-add-lead = Sie melden sich dort einmal an und können dieses Konto von da an hier benutzen.
identities-add-one = { $provider } hinzufügen
identities-linked = Ab jetzt können Sie sich auch so anmelden.
identities-bound = Ihr Konto kommt von dort und bleibt damit verbunden.
identities-only-one = Das ist der einzige Weg, auf dem Sie sich anmelden können. Legen Sie zuerst ein Passwort fest oder fügen Sie einen anderen Weg hinzu.
identities-unreachable = Dieser Anbieter ist gerade nicht erreichbar. Versuchen Sie es später wieder.

## Wie sich jemand anmeldet

security-title = Wie Sie sich anmelden
security-strong = Ihr Konto ist durch mehr als ein Passwort geschützt.
security-weak = Ein Passwort allein lässt sich erraten oder stehlen. Fügen Sie einen Passkey oder eine Authenticator-App hinzu.
security-password = Ändern
security-email = Bestätigen oder ändern
security-app = In Gebrauch
security-none = Noch nicht eingerichtet
security-passkeys = { $n ->
    [one] { $n } Passkey
   *[other] { $n } Passkeys
}
end-sessions = { $n ->
    [one] Die Sitzung beenden, die damit geöffnet wurde
   *[other] Die { $n } Sitzungen beenden, die damit geöffnet wurden
}
code-disabled = Nach zu vielen falschen Codes gesperrt
totp-current = Ihre Authenticator-App
totp-remove = Entfernen<span class="unseen"> der Authenticator-App</span>
totp-another = Stattdessen eine andere App verwenden
totp-add = Authenticator-App hinzufügen
totp-lead = Sie zeigt alle 30 Sekunden einen neuen Code, den Sie nach Ihrem Passwort eingeben.
codes-title = Wiederherstellungscodes
codes-lead = Für den Tag, an dem Ihr Handy oder Ihr Schlüssel fehlt: Jeder Code ersetzt einmal Ihren zweiten Faktor.
codes-new = Das sind Ihre neuen Codes. Drucken Sie sie aus oder schreiben Sie sie jetzt auf: Sie werden nicht noch einmal gezeigt. Frühere Codes gelten nicht mehr.
codes-left = { $n ->
    [one] Noch { $count } Code
   *[other] Noch { $count } Codes
}
codes-few = Bald neue erstellen
codes-made = Erstellt: { $when }
codes-remove = Entfernen<span class="unseen"> der Wiederherstellungscodes</span>
codes-again = Neue Codes erstellen
codes-make = Wiederherstellungscodes erstellen
codes-first = Sie ersetzen einen zweiten Faktor. Fügen Sie zuerst einen Passkey oder eine Authenticator-App hinzu.
passkeys-title = Passkeys
passkeys-heading = Ihre Passkeys
passkeys-lead = Mit einem Passkey melden Sie sich ohne Passwort an. Er funktioniert nur hier, deshalb kann ihn Ihnen niemand ablisten.
passkeys-unable = Passkeys gelten für einen Hostnamen, und dieser Server hat keinen.
passkey-bound = Auf einem Gerät
passkey-disabled = Nach zu vielen Fehlversuchen gesperrt
passkey-name = Name des neuen Passkeys
passkey-new-name = Neuer Name
passkey-failed = Ihr Browser hat keinen Passkey erstellt. Vielleicht hat dieses Gerät schon einen für Sie.

## Passwörter

password-advice = Mindestens 15 Zeichen. Ein paar Wörter, die nicht zusammengehören, kann man sich leicht merken und schwer erraten.
password-change-heading = Passwort ändern
password-change = Passwort ändern
password-choose = Passwort wählen
password-set = Passwort festlegen
password-current = Derzeitiges Passwort
password-new = Neues Passwort
password-others = Überall sonst abmelden <span class="small">auch dort, wo Sie eine App angemeldet gelassen haben</span>
password-wrong = Das ist nicht Ihr derzeitiges Passwort.
password-done = Ihr Passwort wurde geändert.
password-elsewhere = Ihr Passwort liegt an anderer Stelle
password-elsewhere-lead = Das Verzeichnis Ihrer Organisation bewahrt es auf, und dort wird es geändert. Hier gilt es sofort.
password-there = Dort ändern
weak-short = Das neue Passwort muss mindestens { $least } Zeichen haben.
weak-long = Das neue Passwort darf höchstens { $most } Zeichen haben.
weak-monotonous = Das neue Passwort ist zu leicht zu erraten: Es wiederholt sich oder zählt.
weak-contextual = Das neue Passwort ist zu leicht zu erraten: Es besteht vor allem aus Ihrem Benutzernamen oder dem Namen dieses Dienstes.
weak-common = Das neue Passwort ist zu leicht zu erraten: Es steht auf der Liste häufiger Passwörter.
weak-guessable = Das neue Passwort ist zu leicht zu erraten: Es besteht aus häufigen Wörtern, Namen, Daten oder Mustern. Nehmen Sie Wörter dazu, die nicht zusammengehören.
weak-breached = Das neue Passwort kommt unter Passwörtern vor, die anderswo gestohlen wurden. Es würde als eines der ersten ausprobiert.
weak-same = Das neue Passwort muss ein anderes sein als das alte.
forgot-sent = Wenn zu <strong>{ $email }</strong> ein Konto gehört, ist eine E-Mail mit einem Link dorthin unterwegs. Der Link gilt 15 Minuten, einmal.
forgot-nothing = Nichts angekommen? Sehen Sie im Spam-Ordner nach oder fragen Sie Ihre Administration, welche Adresse Ihr Konto hat.
forgot-back = Zurück zur Anmeldung
forgot-unable = Dieser Server verschickt keine E-Mails. Ihre Administration kann Ihnen ein neues Passwort geben.
forgot-lead = Geben Sie die E-Mail-Adresse Ihres Kontos ein. Wir schicken Ihnen einen Link, mit dem Sie ein neues Passwort festlegen.
forgot-send = Link zuschicken
forgot-elsewhere = Bewahrt das Verzeichnis Ihrer Organisation Ihr Passwort auf? Dann kommt keine E-Mail, und Sie ändern es dort.
reset-title = Neues Passwort festlegen
reset-lead = Danach sind Sie überall abgemeldet.
reset-renew = Wählen Sie ein anderes Passwort
reset-renew-lead = Bevor es weitergeht, muss Ihr Passwort geändert werden.
reset-accept-lead = Dann ist Ihr Konto bereit.
reset-done = Ihr neues Passwort gilt
reset-done-lead = Sie wurden überall abgemeldet. Melden Sie sich jetzt mit dem neuen Passwort an.
link-gone = Dieser Link gilt nicht mehr
link-gone-lead = Er wurde schon benutzt, durch einen neueren ersetzt oder ist zu alt. Fordern Sie einen neuen an.
link-another = Neuen Link anfordern

## E-Mail-Adressen

email-title = E-Mail-Adresse
email-heading = Ihre E-Mail-Adresse
email-lead = Dorthin gehen Nachrichten über Ihr Konto und der Link, wenn Sie Ihr Passwort vergessen.
email-confirmed = Bestätigt
email-unconfirmed = Nicht bestätigt
email-verify = Link zum Bestätigen zuschicken
email-none = Sie haben hier noch keine E-Mail-Adresse.
email-another = Eine andere verwenden
email-another-lead = Sie ändert sich, sobald Sie den Links gefolgt sind, die wir an die alte und an die neue Adresse schicken.
email-add = E-Mail-Adresse hinzufügen
email-add-lead = Sie gilt, sobald Sie dem Link gefolgt sind, den wir dorthin schicken.
email-new = Neue E-Mail-Adresse
email-send = Links zuschicken
email-sent = Eine E-Mail mit einem Link ist unterwegs. Folgen Sie ihm innerhalb von 24 Stunden.
email-sent-to-both = An jede der beiden Adressen ist eine E-Mail mit einem Link unterwegs. Folgen Sie beiden innerhalb von 24 Stunden.
email-no-address = Geben Sie eine vollständige E-Mail-Adresse ein, zum Beispiel alice@example.com.
email-same = Das ist schon Ihre E-Mail-Adresse.
email-too-many = An diese Adresse gingen zu viele E-Mails. Versuchen Sie es später wieder.
email-unable = Dieser Server verschickt keine E-Mails. Fragen Sie Ihre Administration.
email-leave = E-Mail-Adresse ändern
email-leave-lead = Künftig würden E-Mails für Sie an { $address } gehen.
email-take = E-Mail-Adresse bestätigen
email-take-lead = E-Mails für { $username } gehen an { $address }.
email-verified = Ihre E-Mail-Adresse ist bestätigt
email-verified-lead = Unsere E-Mails erreichen Sie dort.
email-changed = Ihre E-Mail-Adresse ist geändert
email-changed-lead = E-Mails für Sie gehen jetzt an { $address }.
email-halfway = Eins von zwei ist geschafft
email-halfway-lead = Folgen Sie auch dem Link in der E-Mail an die andere Adresse. Dann ändert sich die Adresse.

## Abmelden

logout-heading = Abmelden?
logout-person = Sie sind angemeldet als <strong>{ $username }</strong>.
logout-client = <strong>{ $client }</strong> möchte Sie abmelden.
logout-another = Die App meinte jemand anderen. Bisher wurde niemand abgemeldet.
logout-where = Von wo
logout-app = Nur { $client }
logout-app-what = Hier und in Ihren anderen Apps bleiben Sie angemeldet.
logout-browser-what = Jede App, die Sie von hier geöffnet haben, verlangt eine neue Anmeldung.
logout-everywhere = Überall
logout-everywhere-what = Alle Ihre Geräte und die Apps, die in Ihrer Abwesenheit für Sie arbeiten.
logout-stay = Angemeldet bleiben
signed-out-title = Abgemeldet
signed-out = Sie sind abgemeldet
signed-out-what = Ihre Sitzung in diesem Browser ist beendet, ebenso der Zugriff der Apps, die Sie von hier geöffnet haben.
signed-out-app = Sie sind bei { $client } abgemeldet
signed-out-some-app = Sie sind bei der App abgemeldet
signed-out-app-what = Der Zugriff der App aus diesem Browser ist beendet. Hier und in Ihren anderen Apps sind Sie weiter angemeldet.
signed-out-everywhere = Sie sind überall abgemeldet
signed-out-everywhere-what = Alle Ihre Sitzungen sind beendet, auf jedem Gerät, ebenso der Zugriff Ihrer Apps.
signed-out-onwards = Gleich sind Sie wieder bei <strong>{ $client }</strong>.
signed-out-onwards-some = Gleich sind Sie wieder bei <strong>der App</strong>.
signed-out-back = Sie können zu <strong>{ $client }</strong> zurückgehen oder diese Seite schließen.
signed-out-report = Wer davon erfährt
signed-out-frame = Sagt einer App, dass Sie sich abgemeldet haben
report-title = Wer davon erfährt
report-lead = Was aus den Meldungen wurde, dass Ihre Sitzung oder der Anteil einer App daran beendet ist. Rahmen in Ihrem Browser stehen nicht dabei.
report-nobody = Noch niemand. Es dauert eine Sekunde, und nur Apps und Webhooks, die darum gebeten haben, erfahren es.
report-again = Noch einmal nachsehen
report-backchannel = Back-Channel
report-webhook = Webhook
report-told = gemeldet um { $clock } Uhr (UTC)
report-soon = wird gleich gemeldet
report-waits = noch nicht ({ $error }), wieder um { $clock } Uhr (UTC)
report-dead = aufgegeben ({ $error })
report-no-error = bisher kein Fehler

## Warum jemand abgemeldet wurde

farewell-elsewhere = Dieser Browser wurde { $when } von einem anderen Ihrer Browser abgemeldet. Wenn Sie das nicht waren, lassen Sie Ihr Passwort ändern.
farewell-admin = Die Administration hat Sie { $when } abgemeldet. Sie können sich wieder anmelden.
farewell-admin-ask = Die Administration hat Sie { $when } abgemeldet. Sie können sich wieder anmelden; fragen Sie nach, wenn Sie den Grund nicht kennen.
farewell-idle = Sie wurden { $when } abgemeldet, weil { $idle } lang nichts geschehen war. Melden Sie sich an, um weiterzumachen.
farewell-absolute = Sie wurden { $when } abgemeldet: Eine Anmeldung gilt hier höchstens { $longest }. Melden Sie sich an, um weiterzumachen.
farewell-limit = Sie wurden { $when } abgemeldet, weil Sie sich anderswo angemeldet haben und nur eine begrenzte Zahl von Sitzungen zugleich offen sein darf. Wenn Sie das nicht waren, lassen Sie Ihr Passwort ändern.
farewell-theft = Sie wurden { $when } zu Ihrem Schutz abgemeldet: Eine alte Kopie der Anmeldung dieses Browsers wurde benutzt, so wie es ein Dieb tun würde. Melden Sie sich an, sehen Sie sich an, was zuletzt geschah, und lassen Sie Ihr Passwort ändern, wenn Ihnen etwas fremd ist.
farewell-password = Sie wurden { $when } abgemeldet, weil Ihr Passwort geändert wurde. Melden Sie sich mit dem neuen an. Wenn Sie es nicht geändert haben, wenden Sie sich sofort an Ihre Administration.
farewell-credential = Sie wurden { $when } abgemeldet, weil ein Anmeldeweg aus Ihrem Konto entfernt wurde. Melden Sie sich auf einem anderen Weg an. Wenn Sie ihn nicht entfernt haben, wenden Sie sich sofort an Ihre Administration.
farewell-disabled = Ihr Konto wurde { $when } gesperrt. Den Grund erfahren Sie von Ihrer Administration.
farewell-deleted = Das Konto, das hier angemeldet war, wurde { $when } gelöscht.
farewell-client = Sie wurden { $when } abgemeldet, weil die Anwendung entfernt wurde. Melden Sie sich an, um weiterzumachen.
farewell-upstream = Sie wurden { $when } abgemeldet, weil Sie sich bei dem Anbieter abgemeldet haben, über den Sie sich anmelden. Melden Sie sich an, um weiterzumachen.
farewell-country = Sie wurden { $when } abgemeldet, weil diese Sitzung plötzlich aus einem anderen Land benutzt wurde. Melden Sie sich an, um weiterzumachen. Wenn Sie das nicht waren, lassen Sie Ihr Passwort ändern.
farewell-travel = Sie wurden { $when } abgemeldet, weil diese Sitzung an zwei Orten benutzt wurde, zwischen denen niemand so schnell reist. Melden Sie sich an, um weiterzumachen. Wenn Sie das nicht waren, lassen Sie Ihr Passwort ändern.
farewell-policy = Sie wurden { $when } durch eine Sicherheitsregel dieses Servers abgemeldet. Melden Sie sich an, um weiterzumachen.
prove-country = Diese Sitzung wurde plötzlich aus einem anderen Land benutzt. Melden Sie sich noch einmal an, um zu zeigen, dass Sie es sind.
prove-travel = Diese Sitzung wurde an zwei Orten benutzt, zwischen denen niemand so schnell reist. Melden Sie sich noch einmal an, um zu zeigen, dass Sie es sind.

## Warum eine Sitzung zu Ende ist; im Satz und allein

reason-admin = Von der Administration beendet
    .told = Abgemeldet: von der Administration
reason-logout = Sie haben sich abgemeldet
    .told = Abgemeldet
reason-idle = Zu lange ist nichts geschehen
    .told = Abgemeldet: zu lange ist nichts geschehen
reason-absolute = Die längste Dauer war erreicht
    .told = Abgemeldet: die längste Dauer war erreicht
reason-limit = Eine neuere Anmeldung trat an ihre Stelle
    .told = Abgemeldet: eine neuere Anmeldung trat an die Stelle
reason-theft = Eine alte Kopie davon wurde benutzt
    .told = Abgemeldet: eine alte Kopie wurde benutzt
reason-password = Ihr Passwort wurde geändert
    .told = Abgemeldet: Ihr Passwort wurde geändert
reason-credential = Ein Anmeldeweg wurde entfernt
    .told = Abgemeldet: ein Anmeldeweg wurde entfernt
reason-disabled = Ihr Konto wurde gesperrt
    .told = Abgemeldet: Ihr Konto wurde gesperrt
reason-deleted = Ihr Konto wurde gelöscht
    .told = Abgemeldet: Ihr Konto wurde gelöscht
reason-client = Die Anwendung wurde entfernt
    .told = Abgemeldet: die Anwendung wurde entfernt
reason-upstream = Sie haben sich bei Ihrem Anbieter abgemeldet
    .told = Abgemeldet: Sie haben sich bei Ihrem Anbieter abgemeldet
reason-policy = Eine Sicherheitsregel hat sie beendet
    .told = Abgemeldet: durch eine Sicherheitsregel

## Was geschah

event-away = { $app } darf in Ihrer Abwesenheit weiterarbeiten
event-created = Angemeldet
event-new-device = Zum ersten Mal in diesem Browser
event-reauthenticated = Sie haben noch einmal gezeigt, dass Sie es sind
event-stepped-up = Sie haben mit einem weiteren Nachweis gezeigt, dass Sie es sind
event-password-changed = Sie haben Ihr Passwort geändert
event-granted = Bei { $app } angemeldet
event-refreshed = { $app } hat den Zugriff erneuert
event-retried = { $app } hat zweimal nach demselben gefragt
event-replaced = { $app } hat eine Antwort verloren und eine neue bekommen
event-moved = Aus einem anderen Netz fortgesetzt
event-country = Plötzlich aus einem anderen Land benutzt
event-travel = An zwei Orten benutzt, zwischen denen niemand so schnell reist
event-refresh-reused = Ein altes Token von { $app } wurde benutzt, deshalb endete der Zugriff
event-code-reused = Ein Code für { $app } wurde zweimal benutzt, deshalb endete der Zugriff
event-cookie-reused = Eine alte Kopie der Anmeldung wurde benutzt, deshalb endete die Sitzung
event-linked = Ein weiterer Anmeldeweg wurde hinzugefügt
event-unlinked = Ein Anmeldeweg wurde entfernt
event-totp-added = Authenticator-App hinzugefügt
event-totp-removed = Authenticator-App entfernt
event-passkey-added = Passkey hinzugefügt
event-passkey-removed = Passkey entfernt
event-codes-made = Neue Wiederherstellungscodes erstellt
event-codes-removed = Wiederherstellungscodes entfernt
event-code-used = Wiederherstellungscode benutzt
event-revoked = Bei { $app } abgemeldet

## Fehler

error-code = Fehler
error-reference = Kennung
error-request = Diese Anfrage kann nicht beantwortet werden
error-denied = Das ist nicht erlaubt
error-busy = Gerade ist zu viel los
error-fault = Bei uns ist etwas schiefgegangen
error-technical = Die Anwendung hat etwas verlangt, das so nicht möglich ist. Für ihren Betreiber, auf Englisch: <span lang="en">{ $description }</span>
nothing-here = Hier ist nichts
nothing-here-lead = Unter dieser Adresse gibt es keine Seite.
refused-form = Dieses Formular kam nicht von unserer eigenen Seite. Gehen Sie zurück und versuchen Sie es noch einmal.
refused-page = Diese Seite gehört zu keiner Anfrage mehr. Gehen Sie zurück zur Anwendung und fangen Sie neu an.
refused-no-request = Diese Seite gehört zu keiner Anfrage.
refused-session = Sie haben keine solche Sitzung.
refused-signed-out = Sie sind abgemeldet. Melden Sie sich an und versuchen Sie es noch einmal.
refused-prove = Melden Sie sich noch einmal an, um zu zeigen, dass Sie es sind.
refused-mailed-code = Melden Sie sich zuerst mit Ihrem Passwort an. Für diese Seite genügt ein Code aus einer E-Mail nicht.
refused-factor = Melden Sie sich zuerst mit Ihrem zweiten Faktor an.
refused-codes = Wiederherstellungscodes ersetzen einen zweiten Faktor. Fügen Sie zuerst einen hinzu.
refused-needed = Ohne das können Sie sich hier nicht anmelden. Fügen Sie zuerst einen anderen Weg hinzu.
refused-unknown = So etwas haben Sie nicht, oder der Name ist keiner.
refused-link = Sie haben keine solche Verknüpfung.
refused-changed = Inzwischen hat sich etwas geändert. Melden Sie sich an und versuchen Sie es noch einmal.
refused-not-begun = Diese Anmeldung wurde nicht hier begonnen. Gehen Sie zurück und fangen Sie neu an.
refused-too-slow = Diese Anmeldung hat zu lange gedauert. Gehen Sie zurück und fangen Sie neu an.
refused-other-person = Jemand anderes hat begonnen, dieses Konto zu verknüpfen. Fangen Sie neu an.
refused-over = Diese Anmeldung ist schon vorbei. Gehen Sie zurück und fangen Sie neu an.
refused-logout = Die Abmeldung Ihres Anbieters wird nicht angenommen.
refused-sign-out = Diese Abmeldung hat zu lange gedauert. Hier sind Sie abgemeldet.
refused-too-long = Diese Anfrage ist zu lang, um sie zu diesem Anbieter mitzunehmen.
refused-no-way = Einen solchen Weg zur Anmeldung gibt es nicht.
refused-report = Dieser Bericht war zehn Minuten lang zu lesen. Über die Admin-API ist er weiter zu haben.
refused-fault = Der Server konnte das nicht ausführen. Versuchen Sie es später wieder.
refused-busy = Gerade ist zu viel los. Versuchen Sie es gleich noch einmal.
refused-too-large = Die Anfrage ist größer als 64 KiB.
refused-slow = Die Anfrage hat zu lange gedauert.

## Der Weg zurück, und was Entwickler sehen

form-post-title = Einen Moment
form-post-lead = Sie sind auf dem Weg zurück zur App. Wenn nichts geschieht, gehen Sie von Hand weiter.
home-title = Willkommen
home-heading = Eine Tür für alle Sitzungen
home-lead = Doorward meldet Menschen und Apps an. Hier ist jede Sitzung zu sehen, zu begrenzen und zu beenden.
home-account = Sehen Sie, wo Sie angemeldet sind
home-demo = Demo-Anwendung
home-demo-what = Anmelden, einen Dienst aufrufen, erneuern, abmelden
home-discovery = Discovery-Dokument
home-discovery-what = Was eine Anwendung wissen muss
home-issuer = Aussteller
mailbox-title = Postfach
mailbox-lead = Was an irgendjemanden geschickt wurde, Neues zuerst. Diese Seite gibt es nur auf Entwicklungsrechnern.
mailbox-link = Dem Link folgen
mailbox-empty = Noch wurde nichts verschickt.

## Mails: reiner Text

mail-greeting = Guten Tag { $name },
mail-username = Benutzername
mail-when = Wann
mail-browser = Browser
mail-address = Adresse
mail-place = { $address } ({ $country })
mail-link-otherwise = Wenn die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:
mail-not-you = Wenn Sie das nicht waren, legen Sie sofort ein neues Passwort fest und sehen Sie Ihre Sitzungen durch; wenden Sie sich dann an Ihre Administration.
mail-not-asked = Wenn Sie das nicht angefordert haben, tun Sie nichts: Ohne den Link ändert sich nichts.
mail-link-good = Der Link gilt bis { $until }, einmal.
mail-code = Ihr Code zum Anmelden
    .line = Jemand, der Ihren Benutzernamen kennt, meldet sich gerade an. Dieser Code gilt bis { $until }, einmal:
    .advice = Geben Sie ihn niemandem; von uns fragt niemand danach. Wenn Sie sich nicht gerade anmelden, tun Sie nichts.
mail-reset = Neues Passwort festlegen
    .line = Jemand, hoffentlich Sie, möchte ein neues Passwort für Ihr Konto festlegen.
    .advice = Wenn Sie das nicht angefordert haben, tun Sie nichts: Ihr Passwort bleibt, wie es ist.
    .label = Neues Passwort festlegen
mail-verify = Bestätigen Sie Ihre E-Mail-Adresse
    .line = Bitte bestätigen Sie, dass diese E-Mail-Adresse Ihnen gehört.
    .label = Adresse bestätigen
mail-leave = Ihre E-Mail-Adresse soll geändert werden
    .line = Jemand, hoffentlich Sie, möchte Ihrem Konto eine andere E-Mail-Adresse geben. Sie ändert sich, sobald das hier und an der neuen Adresse bestätigt wurde.
    .label = Änderung bestätigen
mail-take = Bestätigen Sie Ihre neue E-Mail-Adresse
    .line = Diese Adresse soll die E-Mail-Adresse eines Kontos werden. Sie gilt, sobald das hier und an der bisherigen Adresse bestätigt wurde.
    .label = Adresse bestätigen
mail-invitation = Ihr Konto ist bereit
    .line = Für Sie wurde ein Konto angelegt. Wählen Sie ein Passwort, dann gehört es Ihnen.
    .advice = Wenn Sie nicht wissen, worum es geht, tun Sie nichts: Ohne Passwort kann niemand das Konto benutzen.
    .label = Passwort wählen
mail-password-changed = Ihr Passwort wurde geändert
    .line = In Ihrem Konto wurde das Passwort geändert.
mail-password-reset = Ihr Passwort wurde zurückgesetzt
    .line = Über den Link aus einer E-Mail wurde ein neues Passwort festgelegt. Alle Ihre Sitzungen wurden beendet.
mail-password-set = Die Administration hat Ihr Passwort festgelegt
    .line = Die Administration hat für Ihr Konto ein neues Passwort festgelegt.
mail-password-forced = Sie werden nach einem neuen Passwort gefragt
    .line = Die Administration möchte, dass Sie ein neues Passwort wählen. Bei Ihrer nächsten Anmeldung werden Sie danach gefragt.
mail-password-disabled = Ihr Passwort ist gesperrt
    .line = Es gab zu viele falsche Versuche, deshalb kann Ihr Passwort nicht mehr benutzt werden. Legen Sie über den Link „Passwort vergessen?“ auf der Anmeldeseite ein neues fest. Ihr Konto und Ihre anderen Anmeldewege sind davon nicht betroffen.
mail-email-changed = Ihre E-Mail-Adresse wurde geändert
    .line = Ihr Konto hat jetzt eine andere E-Mail-Adresse. Dies ist die letzte E-Mail an die bisherige.
mail-factor-added = Ein Anmeldeweg wurde hinzugefügt
    .line = „{ $name }“ wurde Ihrem Konto als Anmeldeweg hinzugefügt.
mail-factor-removed = Ein Anmeldeweg wurde entfernt
    .line = „{ $name }“ wurde als Anmeldeweg aus Ihrem Konto entfernt.
mail-factor-disabled = Ein Anmeldeweg ist gesperrt
    .line = Es gab zu viele falsche Versuche, deshalb kann „{ $name }“ nicht mehr benutzt werden, bis Sie es neu einrichten. Ihr Konto und Ihre anderen Anmeldewege sind davon nicht betroffen.
mail-codes-made = Sie haben neue Wiederherstellungscodes
    .line = Für Ihr Konto wurden neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.
mail-code-used = Ein Wiederherstellungscode wurde benutzt
    .line = { $left ->
        [one] Ein Wiederherstellungscode Ihres Kontos wurde benutzt. { $left } ist noch übrig.
       *[other] Ein Wiederherstellungscode Ihres Kontos wurde benutzt. { $left } sind noch übrig.
    }
mail-new-device = Eine neue Anmeldung bei Ihrem Konto
    .line = Jemand hat sich bei Ihrem Konto in einem Browser angemeldet, in dem Sie bisher nicht waren.
