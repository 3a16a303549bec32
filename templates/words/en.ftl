### What pages and mails say in English.
###
### A message may hold elements of HTML where a page shows it as part of itself; what stands in braces is filled in, escaped
### and isolated. Messages for titles, attributes and mails are plain text.

## On every page

foot = You are on <strong>{ $host }</strong>
person = You are <strong>{ $username }</strong>
error-prefix = Error:
or = or
continue = Continue
go-on = Go on
cancel = Cancel
confirm = Confirm
save = Save
rename = Rename
allow = Allow
deny = Don’t allow
sign-in = Sign in
sign-in-again = Sign in again
sign-out = Sign out
sign-out-named = Sign out <span class="unseen">{ $name }</span>
remove-named = Remove <span class="unseen">{ $name }</span>
username = Username
password = Password
by-mail = Sign in by mail
look-into-mail = Look into your mail
none-yet = None yet.
this-browser = This browser
new-browser = New browser
while-away = While you are away
active = Active { $when }
since = Since { $when }
ends = Ends { $when }
added = Added { $when }
used = Used { $when }
not-used = Not used yet
last-used = Last used { $when }

## Times

month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
on-today = today, { $clock }
on-yesterday = yesterday, { $clock }
on-tomorrow = tomorrow, { $clock }
on-date = { $day } { month }, { $clock }
on-date-of-year = { $day } { month } { $year }, { $clock }
at-today = today at { $clock } UTC
at-yesterday = yesterday at { $clock } UTC
at-tomorrow = tomorrow at { $clock } UTC
at-date = on { $day } { month } at { $clock } UTC
at-date-of-year = on { $day } { month } { $year } at { $clock } UTC
moment = { $day } { month } { $year }, { $clock } UTC
just-now = just now
minutes-ago = { $n ->
    [one] { $n } minute ago
   *[other] { $n } minutes ago
}
hours-ago = { $n ->
    [one] { $n } hour ago
   *[other] { $n } hours ago
}
days-ago = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}
seconds-long = { $n ->
    [one] { $n } second
   *[other] { $n } seconds
}
minutes-long = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
}
hours-long = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
}
days-long = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
too-long = too long

## Places and devices

place = { $city }, { $country }
device = { $browser } on { $system }
device-unknown = Unknown device
address-unknown = unknown address
some-app = An app

## Signing in

login-confirm = Confirm it is you
login-client = to continue to <strong>{ $client }</strong>
login-own = to see and manage your sessions
login-by-address = With an e-mail address of your organisation you can leave this empty.
login-stay = Stay signed in on this device <span class="small">for up to { $longest }; not on a shared one</span>
login-passkey = Sign in with a passkey
login-passkey-failed = Your browser gave no passkey. Try again, or sign in with your password.
login-forgot = Forgot your password?
login-others = Other ways to sign in
login-provider = Sign in with { $provider }
login-expired = This page had been open for too long, so nothing was sent. Please sign in now.
login-wrong = That username and password do not match.
login-wrong-passkey = That passkey did not work here. Try again, or sign in with your password.
login-stale = You signed in a while ago. Enter your password to go on.
login-undone = You signed in a while ago, so nothing was changed yet. Enter your password, and you are back where you were.
login-full = You are signed in on as many devices as are allowed. Sign out on one of them first.
login-barred = You cannot sign in here.
login-away = That did not work. The directory that most people sign in by cannot be reached at the moment. Check what you typed, or try again in a minute.
too-many-seconds = { $n ->
    [one] There were too many attempts. Try again in a second.
   *[other] There were too many attempts. Try again in { $n } seconds.
}
too-many-minutes = { $n ->
    [one] There were too many attempts. Try again in { $n } minute.
   *[other] There were too many attempts. Try again in { $n } minutes.
}
mail-code-sent = If this account can be signed in to by mail, a code is on its way. It is good for ten minutes, once, in this browser.
mail-code-client = To continue to <strong>{ $client }</strong>, enter your username. We mail you a code.
mail-code-own = Enter your username. We mail you a code.
mail-code-code = Code from the mail
mail-code-send = Mail me a code
mail-code-other = Sign in another way
mail-code-wrong = That code does not fit. It is good for ten minutes, once, in the browser that asked for it.

## Signing in through others

sso-unreachable = This provider cannot be reached at the moment. Try again later, or sign in another way.
sso-cancelled = You did not sign in at { $provider }.
sso-disbelieved = The sign-in at { $provider } did not work. Try again, or sign in another way.
sso-unmet = { $provider } did not show that you signed in just now, or as strongly as is asked for here.
sso-stranger = Nobody here is known by that account at { $provider }. Ask for an account first.
sso-taken = That account at { $provider } belongs to somebody else here.
sso-not-linked = Nothing was linked

## The second factor

factor-title = One more step
factor-passkey = Use your passkey
factor-passkey-failed = Your browser gave no passkey. Try again.
factor-passkey-failed-or-code = Your browser gave no passkey. Try again, or enter a code.
factor-app-code = Code from your authenticator app
factor-recovery-code = Recovery code
factor-digits = Six digits.
factor-digits-or-recovery = Six digits, or one of your recovery codes.
factor-once = Each of them works once.
factor-switch = Sign in as somebody else
factor-wrong = That did not work. Codes work once, and each for a short time: try the next one.
factor-app = Authenticator app
passkey-no-script = A passkey needs JavaScript. Turn it on for this page.
passkey-add = Add a passkey
app-add = Add the app
enrol-title = Protect your account
enrol-client = <strong>{ $client }</strong> needs more than a password.
enrol-own = You need more than a password.
enrol-either = Add one of these now; it takes a minute.
enrol-app-now = Add an authenticator app now; it takes a minute.
enrol-passkey-now = Add a passkey now; it takes a minute.
enrol-passkey = A passkey
enrol-passkey-lead = Your device keeps it: you unlock it as you unlock the device, and nobody can be tricked into giving it away.
enrol-passkey-failed = Your browser made no passkey. Please try again.
enrol-app = An authenticator app
app-offer-scan = Scan this with an authenticator app.
app-offer-picture = Picture for the camera of an authenticator app
app-offer-open = Open the app on this device
app-offer-no-camera = No camera? { $open }, or type this secret into it:
app-offer-code = Enter the six digits that it shows
app-wrong = That code does not fit. Wait for the next one in the app and enter it.
passkey-wrong = No passkey was added. Please try again.

## Too many sessions

limit-title = Choose where to sign out
limit-client = { $client } is open in too many places
limit-client-lead = { $least ->
    [1] Choose where to close it. Then it opens here.
   *[other] Choose where to close it: { $least } places at least. Then it opens here.
}
limit-client-places = Where it is open, the longest unused last
limit-client-go = Close there and go on
limit-own = You are signed in on too many devices
limit-own-lead = { $least ->
    [1] Choose where to sign out. Then you are signed in here.
   *[other] Choose where to sign out: { $least } devices at least. Then you are signed in here.
}
limit-own-places = Where you are signed in, the longest unused last
limit-own-go = Sign out there and go on
limit-more = That is not enough yet: choose more.

## Consent

consent-title = Allow { $client }
consent-heading = Allow { $client } to use your account?
consent-owner = It belongs to { $owner }.
consent-person = Signed in as <strong>{ $username }</strong>
consent-switch = Not you? Sign in as someone else
consent-may = It will be able to
consent-claims = See { $claims }
consent-offline = Keep its access while you are away
consent-resources = For use at
consent-says = What { $client } says of itself:
consent-policy = Privacy policy
consent-terms = Terms of service
consent-lasts = This lasts until you sign out, at most { $longest }. You can take it back at any time in your account.
consent-lasts-away = This lasts until you take it back, at most { $longest }. You can take it back at any time in your account.
scope-openid = Know who you are
scope-profile = See your name and profile
scope-email = See your e-mail address
scope-address = See your postal address
scope-phone = See your phone number
scope-roles = See your roles
scope-admin = Administer this server
scope-admin-read = Read everything on this server
claim-name = name
claim-given-name = given name
claim-family-name = family name
claim-middle-name = middle name
claim-nickname = nickname
claim-preferred-username = preferred username
claim-profile = profile
claim-picture = picture
claim-website = website
claim-gender = gender
claim-birthdate = birthdate
claim-zoneinfo = zoneinfo
claim-locale = locale
claim-updated-at = updated at
claim-email = email
claim-email-verified = email verified
claim-address = address
claim-phone-number = phone number
claim-phone-number-verified = phone number verified
claim-roles = roles

## The account

account-title = Your account
account-back = Back to your account
nav-sessions = Sessions
nav-security = Signing in
nav-apps = Apps
nav-identities = Other accounts
account-sessions = Where you are signed in
account-sessions-lead = End any session you do not know: it is out within seconds.
account-apps = Apps in this session
account-end-others = Sign out all others
account-end-all = Sign out everywhere
account-recent = What happened lately
account-recent-lead = The last 30 days, newest first. Times are in UTC.
account-nothing = Nothing yet.
account-ended = Sessions that ended
account-ended-lead = And why each of them did.
badge-country = Changed country
badge-travel = Impossible journey

## Apps

apps-title = Your apps
apps-heading = Apps with access to your account
apps-lead = Remove one, and it is signed out at once and must ask you again.
apps-allowed = You allowed it { $when }
apps-since = In use since { $when }
apps-sessions = { $n ->
    [one] In { $n } session
   *[other] In { $n } sessions
}
apps-idle = Not in use now
apps-scopes = What it may use
apps-none = None yet. An app that you sign in to appears here.

## Other accounts

identities-title = Your other sign-ins
identities-heading = Other accounts you sign in with
identities-lead = Remove one, and you cannot sign in with it any more.
identities-add = Add another
identities-add-lead = You sign in there once, and can use that account here from then on.
identities-add-one = Add { $provider }
identities-linked = You can sign in that way from now on.
identities-bound = Your account comes from there and stays tied to it.
identities-only-one = This is the only way you can sign in. Set a password or add another way first.
identities-unreachable = This provider cannot be reached at the moment. Try again later.

## How a person signs in

security-title = How you sign in
security-strong = Your account is protected by more than a password.
security-weak = A password alone can be guessed or stolen. Add a passkey or an authenticator app.
security-password = Change it
security-email = Confirm or change it
security-app = In use
security-none = None yet
security-passkeys = { $n ->
    [one] { $n } passkey
   *[other] { $n } passkeys
}
end-sessions = { $n ->
    [one] Sign out the session that came from it
   *[other] Sign out the { $n } sessions that came from it
}
code-disabled = Out of use after too many wrong codes
totp-current = Your authenticator app
totp-remove = Remove<span class="unseen"> the authenticator app</span>
totp-another = Use another app instead
totp-add = Add an authenticator app
totp-lead = It shows a new code every 30 seconds, which you enter after your password.
codes-title = Recovery codes
codes-lead = For the day on which your phone or your key is gone: each of them stands in for your second factor, once.
codes-new = These are your new codes. Print them or write them down now: they are not shown again. Earlier ones are worth nothing.
codes-left = { $n ->
    [one] { $count } code left
   *[other] { $count } codes left
}
codes-few = Make new ones soon
codes-made = Made { $when }
codes-remove = Remove<span class="unseen"> the recovery codes</span>
codes-again = Make new codes
codes-make = Make recovery codes
codes-first = They stand in for a second factor. Add a passkey or an authenticator app first.
passkeys-title = Passkeys
passkeys-heading = Your passkeys
passkeys-lead = A passkey signs you in without a password. It works here alone, so that nobody can be tricked into giving it away.
passkeys-unable = Passkeys are made for a host name, and this server has none.
passkey-bound = On one device
passkey-disabled = Out of use after too many failures
passkey-name = Name of the new passkey
passkey-new-name = New name
passkey-failed = Your browser made no passkey. Perhaps this device has one for you already.

## Passwords

password-advice = At least 15 characters. A few words that do not belong together are easy to remember and hard to guess.
password-change-heading = Change your password
password-change = Change password
password-choose = Choose a password
password-set = Set password
password-current = Current password
password-new = New password
password-others = Sign out everywhere else <span class="small">also where you left an app signed in</span>
password-wrong = That is not your current password.
password-done = Your password was changed.
password-elsewhere = Your password is kept elsewhere
password-elsewhere-lead = The directory of your organisation keeps it, and it is changed there. It is good here at once.
password-there = Change it there
weak-short = The new password must have at least { $least } characters.
weak-long = The new password must have at most { $most } characters.
weak-monotonous = The new password is too easy to guess: it repeats or counts.
weak-contextual = The new password is too easy to guess: most of it is the user name or the name of this service.
weak-common = The new password is too easy to guess: it is on the list of common passwords.
weak-guessable = The new password is too easy to guess: it is made of common words, names, dates or patterns; add words that do not belong together.
weak-breached = The new password was found in passwords that were stolen elsewhere, so it is among the first to be tried.
weak-same = The new password must be another one than before.
forgot-sent = If an account belongs to <strong>{ $email }</strong>, a mail with a link is on its way there. The link is good for 15 minutes, once.
forgot-nothing = Nothing there? Look into the folder for unwanted mail, or ask your administrator which address your account has.
forgot-back = Back to sign in
forgot-unable = This server sends no mail. Your administrator can set a new password for you.
forgot-lead = Enter the mail address of your account. We mail you a link to set a new password.
forgot-send = Mail me a link
forgot-elsewhere = Does the directory of your organisation keep your password? Then no mail comes, and you change it there.
reset-title = Set a new password
reset-lead = You are signed out everywhere when it is set.
reset-renew = Choose another password
reset-renew-lead = Your password must be changed before you go on.
reset-accept-lead = Then your account is ready.
reset-done = Your new password is set
reset-done-lead = You were signed out everywhere. Sign in with the new password now.
link-gone = This link is of no more use
link-gone-lead = It was used, replaced by a newer one, or is too old. Ask for another one.
link-another = Ask for another link

## Mail addresses

email-title = Mail address
email-heading = Your mail address
email-lead = News about your account goes there, and the link when you forget your password.
email-confirmed = Confirmed
email-unconfirmed = Not confirmed
email-verify = Mail me a link to confirm it
email-none = You have no mail address here yet.
email-another = Use another one
email-another-lead = It changes once you followed the links that we mail to the old and to the new address.
email-add = Add one
email-add-lead = It counts once you followed the link that we mail to it.
email-new = New mail address
email-send = Mail the links
email-sent = A mail with a link is on its way. Follow it within 24 hours.
email-sent-to-both = A mail with a link is on its way to each of the two addresses. Follow both within 24 hours.
email-no-address = Enter a whole mail address, such as alice@example.com.
email-same = That is your mail address already.
email-too-many = There were too many mails to this address. Try again later.
email-unable = This server sends no mail. Ask your administrator.
email-leave = Change your mail address
email-leave-lead = From now on mail for you would go to { $address }.
email-take = Confirm your mail address
email-take-lead = Mail for { $username } goes to { $address }.
email-verified = Your mail address is confirmed
email-verified-lead = Mail reaches you there.
email-changed = Your mail address is changed
email-changed-lead = Mail for you goes to { $address } now.
email-halfway = One of two is done
email-halfway-lead = Follow the link in the mail to the other address too. The address changes then.

## Signing out

logout-heading = Sign out?
logout-person = You are signed in as <strong>{ $username }</strong>.
logout-client = <strong>{ $client }</strong> asks to sign you out.
logout-another = The app meant somebody else. Nobody has been signed out yet.
logout-where = From where
logout-app = Only { $client }
logout-app-what = You stay signed in here and in your other apps.
logout-browser-what = Every app you opened from here will ask you to sign in again.
logout-everywhere = Everywhere
logout-everywhere-what = All your devices, and the apps that work for you while you are away.
logout-stay = Stay signed in
signed-out-title = Signed out
signed-out = You are signed out
signed-out-what = Your session in this browser has ended, and so has the access of the apps you opened from it.
signed-out-app = You are signed out of { $client }
signed-out-some-app = You are signed out of the app
signed-out-app-what = What it could do from this browser has ended. You are still signed in here and in your other apps.
signed-out-everywhere = You are signed out everywhere
signed-out-everywhere-what = All your sessions have ended, on every device, and so has the access of your apps.
signed-out-onwards = You will be back at <strong>{ $client }</strong> in a moment.
signed-out-onwards-some = You will be back at <strong>the app</strong> in a moment.
signed-out-back = You can go back to <strong>{ $client }</strong>, or close this page.
signed-out-report = See who was told
signed-out-frame = Tells an app that you signed out
report-title = Who was told
report-lead = What became of telling others that your session, or an app’s part of it, has ended. Frames in your browser are not listed.
report-nobody = Nobody yet. It takes a second, and only apps and webhooks that asked for it are told.
report-again = Look again
report-backchannel = back channel
report-webhook = webhook
report-told = told at { $clock } UTC
report-soon = about to be told
report-waits = not yet ({ $error }), again at { $clock } UTC
report-dead = given up ({ $error })
report-no-error = nothing wrong so far

## Why somebody was signed out

farewell-elsewhere = This browser was signed out { $when } from another one of yours. If that was not you, have your password changed.
farewell-admin = An administrator signed you out { $when }. You may sign in again.
farewell-admin-ask = An administrator signed you out { $when }. You may sign in again; ask them if you do not know why.
farewell-idle = You were signed out { $when } because nothing had happened for { $idle }. Sign in to go on.
farewell-absolute = You were signed out { $when }: here a sign-in lasts { $longest } at most. Sign in to go on.
farewell-limit = You were signed out { $when } because you signed in elsewhere, and only so many sessions may be open at once. If that was not you, have your password changed.
farewell-theft = You were signed out { $when } to protect you: an old copy of this browser’s sign-in was used, as a thief would use it. Sign in, look at your recent activity, and have your password changed if anything is strange.
farewell-password = You were signed out { $when } because your password was changed. Sign in with the new one. If you did not change it, tell your administrator at once.
farewell-credential = You were signed out { $when } because a way of signing in was removed from your account. Sign in another way. If you did not remove it, tell your administrator at once.
farewell-disabled = Your account was disabled { $when }. Your administrator can tell you why.
farewell-deleted = The account that was signed in here was deleted { $when }.
farewell-client = You were signed out { $when } because the application was removed. Sign in to go on.
farewell-upstream = You were signed out { $when } because you signed out where you sign in from. Sign in to go on.
farewell-country = You were signed out { $when } because this session was suddenly used from another country. Sign in to go on. If it was not you, have your password changed.
farewell-travel = You were signed out { $when } because this session was used from two places that nobody travels between so fast. Sign in to go on. If it was not you, have your password changed.
farewell-policy = You were signed out { $when } by a security rule of this server. Sign in to go on.
prove-country = This session was suddenly used from another country. Sign in once more to show that it is you.
prove-travel = This session was used from two places that nobody travels between so fast. Sign in once more to show that it is you.

## Why a session is over; within a sentence, and alone

reason-admin = An administrator ended it
    .told = Signed out: an administrator ended it
reason-logout = You signed out
    .told = Signed out
reason-idle = Nothing happened for too long
    .told = Signed out: nothing happened for too long
reason-absolute = Its longest time was over
    .told = Signed out: its longest time was over
reason-limit = A newer sign-in took its place
    .told = Signed out: a newer sign-in took its place
reason-theft = An old copy of it was used
    .told = Signed out: an old copy of it was used
reason-password = Your password was changed
    .told = Signed out: your password was changed
reason-credential = A way of signing in was removed
    .told = Signed out: a way of signing in was removed
reason-disabled = Your account was disabled
    .told = Signed out: your account was disabled
reason-deleted = Your account was deleted
    .told = Signed out: your account was deleted
reason-client = The application was removed
    .told = Signed out: the application was removed
reason-upstream = You signed out where you sign in from
    .told = Signed out: you signed out where you sign in from
reason-policy = A security rule ended it
    .told = Signed out: a security rule ended it

## The timeline

event-away = { $app } may go on while you are away
event-created = Signed in
event-new-device = First time in this browser
event-reauthenticated = You proved again that it is you
event-stepped-up = You proved with more that it is you
event-password-changed = You changed your password
event-granted = Signed in to { $app }
event-refreshed = { $app } renewed its access
event-retried = { $app } asked twice for the same
event-replaced = { $app } lost an answer and got another
event-moved = Went on from another network
event-country = Suddenly used from another country
event-travel = Used from two places that nobody travels between so fast
event-refresh-reused = An old token of { $app } was used, so its access ended
event-code-reused = A code for { $app } was used twice, so its access ended
event-cookie-reused = An old copy of the sign-in was used, so the session ended
event-linked = Another way to sign in was added
event-unlinked = A way to sign in was removed
event-totp-added = Added an authenticator app
event-totp-removed = Removed the authenticator app
event-passkey-added = Added a passkey
event-passkey-removed = Removed a passkey
event-codes-made = Made new recovery codes
event-codes-removed = Removed the recovery codes
event-code-used = Used a recovery code
event-revoked = Signed out of { $app }

## Errors

error-code = Error
error-reference = Reference
error-request = This request cannot be answered
error-denied = This is not allowed
error-busy = Too much is going on
error-fault = Something went wrong on our side
error-technical = { $description }
nothing-here = Nothing here
nothing-here-lead = There is no page at this address.
refused-form = This form was not sent from our own page; go back and try again.
refused-page = This page no longer belongs to a request; go back to the application and start again.
refused-no-request = This page belongs to no request.
refused-session = There is no such session of yours.
refused-signed-out = You are signed out; sign in and try again.
refused-prove = Sign in once more to show that it is you.
refused-mailed-code = Sign in with your password first; a mailed code is not enough for this page.
refused-factor = Sign in with your second factor first.
refused-codes = Recovery codes stand in for a second factor; add one first.
refused-needed = You need this to sign in here; add another way first.
refused-unknown = There is no such thing of yours, or its name is none.
refused-link = There is no such link of yours.
refused-changed = Something changed meanwhile; sign in and try again.
refused-not-begun = This sign-in was not begun here; go back and start again.
refused-too-slow = This sign-in took too long; go back and start again.
refused-other-person = Somebody else began to link this account; start again.
refused-over = This sign-in is over already; go back and start again.
refused-logout = The sign-out of your provider is not accepted.
refused-sign-out = This sign-out took too long; you are signed out here.
refused-too-long = This request is too long to be taken along to this provider.
refused-no-way = There is no such way to sign in.
refused-report = This report could be read for ten minutes; the admin API has it still.
refused-fault = The server could not do this; try again later.
refused-busy = Too much is going on; try again in a moment.
refused-too-large = The body is larger than 64 KiB.
refused-slow = The body took too long.

## The way back, and what a developer sees

form-post-title = One moment
form-post-lead = You are on your way back to the app. If nothing happens, continue by hand.
home-title = Welcome
home-heading = One door, every session
home-lead = Doorward signs people and apps in, and is the one place where a session can be seen, limited and ended.
home-account = See where you are signed in
home-demo = Demo application
home-demo-what = Sign in, call a service, refresh, sign out
home-discovery = Discovery document
home-discovery-what = What an application needs to know
home-issuer = Issuer
mailbox-title = Mailbox
mailbox-lead = What was mailed to anybody, newest first. Only a developer’s machine has this page.
mailbox-link = Follow the link
mailbox-empty = Nothing was mailed yet.

## Mails: plain text

mail-greeting = Hello { $name },
mail-username = Username
mail-when = When
mail-browser = Browser
mail-address = Address
mail-place = { $address } ({ $country })
mail-link-otherwise = If the button does not work, open this address:
mail-not-you = If that was not you, set a new password at once and look at your sessions; then tell your administrator.
mail-not-asked = If you did not ask for this, do nothing: without the link nothing changes.
mail-link-good = The link is good until { $until }, once.
mail-code = Your code to sign in
    .line = Somebody who knows your username is signing in. This code is good until { $until }, once:
    .advice = Give it to nobody; nobody of ours asks for it. If you are not signing in, do nothing.
mail-reset = Set a new password
    .line = Somebody, hopefully you, wants to set a new password for your account.
    .advice = If you did not ask for this, do nothing: your password stays as it is.
    .label = Set a new password
mail-verify = Confirm your mail address
    .line = Please confirm that this mail address is yours.
    .label = Confirm this address
mail-leave = Your mail address is to be changed
    .line = Somebody, hopefully you, wants to give your account another mail address. It changes once that was confirmed here and at the new address.
    .label = Confirm the change
mail-take = Confirm your new mail address
    .line = This address is to be the mail address of an account. It changes once that was confirmed here and at the address it has now.
    .label = Confirm this address
mail-invitation = Your account is ready
    .line = An account was made for you. Choose a password, and it is yours.
    .advice = If you do not know what this is about, do nothing: without a password nobody can use the account.
    .label = Choose a password
mail-password-changed = Your password was changed
    .line = Your password was changed in your account.
mail-password-reset = Your password was reset
    .line = A new password was set by a link from a mail, and every session of yours was ended.
mail-password-set = Your password was set by an administrator
    .line = An administrator set a new password for your account.
mail-password-forced = You will be asked for a new password
    .line = An administrator wants you to choose a new password. You are asked for one at your next sign-in.
mail-password-disabled = Your password is out of use
    .line = There were too many wrong attempts, so your password cannot be used any more. Set a new one by the link “Forgot your password?” on the sign-in page. Your account and your other ways of signing in are as they were.
mail-email-changed = Your mail address was changed
    .line = Your account has another mail address now, so this is the last mail to this one.
mail-factor-added = A way of signing in was added
    .line = “{ $name }” was added to your account as a way of signing in.
mail-factor-removed = A way of signing in was removed
    .line = “{ $name }” was removed from your account as a way of signing in.
mail-factor-disabled = A way of signing in is out of use
    .line = There were too many wrong attempts, so “{ $name }” cannot be used any more until you set it up anew. Your account and your other ways of signing in are as they were.
mail-codes-made = You have new recovery codes
    .line = New recovery codes were made for your account. The old ones are of no more use.
mail-code-used = A recovery code was used
    .line = { $left ->
        [one] A recovery code of your account was used. { $left } is left.
       *[other] A recovery code of your account was used. { $left } are left.
    }
mail-new-device = A new sign-in to your account
    .line = Somebody signed in to your account in a browser in which you were not seen before.
