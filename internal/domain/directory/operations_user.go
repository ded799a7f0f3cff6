package directory

import (
	"context"
	"errors"
	"fmt"
)

// CreateUser creates an account with a password. Only an invited guest, whose
// password is kept elsewhere, may be without one. The draft must not be used
// afterwards.
func (o *Operations) CreateUser(ctx context.Context, c Caller, draft *User, password string) (*User, error) {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	u := new(*draft)
	if u.ID, err = o.newID(u.ID); err != nil {
		return nil, err
	}
	u.TenantID, u.CreatedAt = c.Tenant, o.now()
	before := &User{ID: u.ID, TenantID: u.TenantID, CreatedAt: u.CreatedAt, CreationType: u.CreationType}
	if err := judgeUser(before, u, t); err != nil {
		return nil, err
	}
	if u.UserPrincipalName == "" {
		return nil, invalid("userPrincipalName", "Property userPrincipalName is required and cannot be empty.")
	}
	if password == "" && value(u.CreationType) != invitation {
		return nil, invalid("passwordProfile", "Property passwordProfile.password is required and cannot be empty.")
	}
	if err := o.judgeIdentities(ctx, before, u); err != nil {
		return nil, err
	}
	if err := o.nameTaken(ctx, u); err != nil {
		return nil, err
	}
	u.PasswordHash, u.SessionsValidFrom = "", u.CreatedAt
	if password != "" {
		if err := o.setPassword(ctx, u, password); err != nil {
			return nil, err
		}
	}
	ev := o.event(c, "Add user", KindUser, u.ID, u.UserPrincipalName)
	if err := o.Users.CreateUser(ctx, c.Tenant, u, ev); err != nil {
		return nil, asClash(err)
	}
	return u, nil
}

// nameTaken refuses a principal name that another account has. The store keeps
// it unique as well; asking first saves hashing a password in vain.
func (o *Operations) nameTaken(ctx context.Context, u *User) error {
	other, err := o.Users.UserByPrincipalName(ctx, u.TenantID, u.UserPrincipalName)
	if errors.Is(err, ErrNotFound) || err == nil && other.ID == u.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return refusal(ObjectConflict, "userPrincipalName", textSameValue, "userPrincipalName")
}

// setPassword judges and hashes a password. Whatever was signed in before has to
// sign in again.
func (o *Operations) setPassword(ctx context.Context, u *User, password string) error {
	if err := o.choosePassword(ctx, u, password); err != nil {
		return err
	}
	u.SessionsValidFrom = u.PasswordChangedAt
	return nil
}

// choosePassword judges and hashes a password.
func (o *Operations) choosePassword(ctx context.Context, u *User, password string) error {
	if err := acceptablePassword(password, u); err != nil {
		return err
	}
	phc, err := o.Passwords.HashPassword(ctx, password)
	if err != nil {
		return fmt.Errorf("hashing a password: %w", err)
	}
	u.PasswordHash, u.PasswordChangedAt = phc, o.now()
	return nil
}

// ChangeUser changes an account and, if newPassword is not nil, resets its
// password, which ends its sessions. See ChangeApplication for what the change
// may do.
func (o *Operations) ChangeUser(ctx context.Context, c Caller, id ID, change func(*User) error, newPassword *string) error {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return err
	}
	apply := func(u *User) error {
		before, err := copyUser(u)
		if err != nil {
			return err
		}
		if change != nil {
			if err := change(u); err != nil {
				return err
			}
		}
		return judgeUser(before, u, t)
	}
	current, err := o.Users.User(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	trial, err := copyUser(current)
	if err != nil {
		return err
	}
	if err := apply(trial); err != nil {
		return err
	}
	if err := o.judgeIdentities(ctx, current, trial); err != nil {
		return err
	}
	if current.AccountEnabled && !trial.AccountEnabled {
		if err := o.notLastAdministrator(ctx, c.Tenant, id); err != nil {
			return err
		}
	}
	if err := o.nameTaken(ctx, trial); err != nil {
		return err
	}
	activity := "Update user"
	if newPassword != nil {
		if err := o.setPassword(ctx, trial, *newPassword); err != nil {
			return err
		}
		activity = "Reset user password"
	}
	ev := o.event(c, activity, KindUser, id, trial.UserPrincipalName)
	return asClash(o.Users.ChangeUser(ctx, c.Tenant, id, func(u *User) error {
		if err := apply(u); err != nil {
			return err
		}
		if newPassword != nil {
			u.PasswordHash, u.PasswordChangedAt, u.SessionsValidFrom = trial.PasswordHash, trial.PasswordChangedAt, trial.SessionsValidFrom
		}
		return nil
	}, ev))
}

// ChangeOwnPassword gives an account the password that its owner chose, after the
// owner proved the current one. SessionsValidFrom stays: what was signed in with
// another method lives on, and what was signed in with the old password is told
// by PasswordChangedAt.
func (o *Operations) ChangeOwnPassword(ctx context.Context, c Caller, id ID, newPassword string) error {
	current, err := o.Users.User(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	if current.PasswordHash == "" {
		return invalid("currentPassword", textElsewhere)
	}
	trial, err := copyUser(current)
	if err != nil {
		return err
	}
	same, err := o.Passwords.CheckPassword(ctx, current.PasswordHash, newPassword)
	if err == nil && same {
		return invalid("newPassword", "The new password must differ from the current one.")
	}
	// A password that cannot even be compared is too long, which the rules say.
	if err := o.choosePassword(ctx, trial, newPassword); err != nil {
		return err
	}
	ev := o.event(c, "Change user password", KindUser, id, current.UserPrincipalName)
	return o.Users.ChangeUser(ctx, c.Tenant, id, func(u *User) error {
		if u.PasswordHash != current.PasswordHash {
			return refusal(Conflict, "", "The password was changed by another request at the same time; try again.")
		}
		u.PasswordHash, u.PasswordChangedAt = trial.PasswordHash, trial.PasswordChangedAt
		u.ForceChangePassword, u.ForceChangePasswordWithMFA = false, false
		return nil
	}, ev)
}

// RevokeSessions makes every session and refresh token issued until now useless.
func (o *Operations) RevokeSessions(ctx context.Context, c Caller, id ID) error {
	u, err := o.Users.User(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	ev := o.event(c, "Revoke sign-in sessions", KindUser, id, u.UserPrincipalName)
	return o.Users.ChangeUser(ctx, c.Tenant, id, func(u *User) error { u.SessionsValidFrom = ev.At; return nil }, ev)
}

// DeleteUser deletes an account softly; its principal name is free at once.
func (o *Operations) DeleteUser(ctx context.Context, c Caller, id ID) error {
	u, err := o.Users.User(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	if err := o.notLastAdministrator(ctx, c.Tenant, id); err != nil {
		return err
	}
	ev := o.event(c, "Delete user", KindUser, id, u.UserPrincipalName)
	return o.Users.DeleteUser(ctx, c.Tenant, id, ev.At, ev)
}

// copyUser copies deeply.
func copyUser(u *User) (*User, error) {
	n, err := clone(u)
	if err != nil {
		return nil, err
	}
	n.TenantID, n.ID, n.CreatedAt, n.DeletedAt = u.TenantID, u.ID, u.CreatedAt, u.DeletedAt
	n.SessionsValidFrom, n.PasswordChangedAt, n.PasswordHash = u.SessionsValidFrom, u.PasswordChangedAt, u.PasswordHash
	return n, nil
}
